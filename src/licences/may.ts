// mayI: may these licences be used so? The strictest part of a composition holds.
import type { Text } from "../catalogue/catalogue.ts";
import { BaimoError } from "../errors.ts";
import { brief } from "../json.ts";
import type { Condition } from "./conditions.ts";
import {
  type Action,
  actsOf,
  type FactName,
  type Facts,
  factsOfAll,
  type Role,
  readActions,
  readFacts,
  type Situation,
} from "./facts.ts";
import { type Finding, findingOf } from "./findings.ts";
import { ACTS, type LicenceTerms, type TextSource } from "./terms.ts";

/** A case: which licences, what is done, what is known. */
export interface Question {
  /** Identifiers; several with "|" are of one model that has one of them, and it is not said which. */
  readonly uses: readonly string[];
  /** One of `ACTION_NAMES`, or several with "+": then the strictest answer holds. */
  readonly action: string;
  /** Facts that are none of `Facts` are told of, and not looked at. */
  readonly facts?: Facts | Readonly<Record<string, unknown>>;
}

/** "no": not under this licence as the facts stand; "unknown": texts or facts at hand do not decide. */
export type Verdict = "yes" | "yes-if" | "no" | "unknown";

/** A clause that an answer rests on, as LICENCE#clause, with its words. */
export interface CitedClause {
  readonly id: string;
  readonly quote: string;
  readonly source: TextSource;
}

/** What one term of one licence says. */
export interface Reason extends Finding {
  readonly licence: string;
  readonly role: Role;
}

export interface Answer {
  readonly verdict: Verdict;
  readonly clauses: readonly CitedClause[];
  readonly conditions: readonly Condition[];
  /** Facts that decide and were not given. */
  readonly asks: readonly FactName[];
  /** Everything that was found, also what did not decide. */
  readonly reasons: readonly Reason[];
  /** What must be known to read the answer rightly. */
  readonly warnings: readonly Text[];
  /** What the answer is and what it is not. */
  readonly notice: Text;
}

export const NOTICE: Text = {
  en: "A reading of licence texts, clause by clause, to find the place to read. Not legal advice: the text decides.",
  zh: "这是对许可文本逐条的解读，便于查找原文；不是法律意见，以原文为准。",
};

/** A licence in its role; in doubt: it may be the model's too, and then what it refuses is open. */
interface Component {
  readonly id: string;
  readonly role: Role;
  readonly inDoubt?: boolean;
}

/**
 * Answers a question from the terms at hand.
 * @throws {BaimoError} `request` for an action that is not known, or no licence at all
 */
export function mayI(question: Question, terms: ReadonlyMap<string, LicenceTerms>): Answer {
  const actions = readActions(question.action);
  const { facts: given, unknown } = readFacts({ ...question.facts });
  if (question.uses.length === 0)
    throw new BaimoError("request", "licences: the question names no licence; name at least one");
  if (given.commercial === null) return forAnyPurpose(question, terms);
  const facts = factsOfAll(actions, given);
  const answers = readingsOf(question.uses).map((uses) =>
    strictest(actions.map((action) => answerTo(action, uses, facts, unknown, terms))),
  );
  const one = strictest(answers);
  const outcome = ({ verdict }: Answer) => (verdict === "yes-if" ? "yes" : verdict);
  if (new Set(answers.map(outcome)).size === 1) return one;
  const text = {
    en: "sizes and versions of the model have licences that answer this differently: say which it is",
    zh: "该模型的不同规模或版本许可不同，答案也不同：请说明是哪一个",
  };
  const { warnings } = one;
  return { ...one, verdict: "unknown", asks: ["model"], conditions: [], warnings: [text, ...warnings] };
}

/** Where nobody said whether the purpose is commercial: it is asked for if that makes the answer "no". */
function forAnyPurpose(question: Question, terms: ReadonlyMap<string, LicenceTerms>): Answer {
  const of = (commercial: true | undefined) =>
    mayI({ uses: question.uses, action: question.action, facts: { ...question.facts, commercial } }, terms);
  const [unsaid, sold] = [of(undefined), of(true)];
  if (unsaid.verdict === "no" || sold.verdict !== "no") return unsaid;
  return { ...sold, verdict: "unknown", asks: [...new Set(["commercial" as const, ...unsaid.asks])] };
}

/** Most ways to read a question whose models may have one of several licences. */
const MOST_READINGS = 256;

/** Each licence that a model may have, with each of the others. @throws {BaimoError} `request` where that is too many */
function readingsOf(uses: readonly string[]): string[][] {
  let readings: string[][] = [[]];
  for (const ids of uses) {
    const each = ids.split("|").filter((id) => id !== "");
    if (each.length === 0 || readings.length * each.length > MOST_READINGS)
      throw new BaimoError(
        "request",
        `licences: ${brief(ids)} makes ${readings.length * each.length} ways to read the question, where 1 to ${MOST_READINGS} ` +
          "are looked into; name models with their sizes",
      );
    readings = readings.flatMap((known) => each.map((id) => [...known, id]));
  }
  return readings;
}

/** The strictest verdict of several answers first. */
const STRICTEST: readonly Verdict[] = ["no", "unknown", "yes-if", "yes"];

/** Several answers as one: the strictest verdict, with what answers of that verdict rest on; conditions of all that permit. */
function strictest(answers: readonly Answer[]): Answer {
  if (answers.length === 1) return answers[0];
  const verdict = STRICTEST.find((each) => answers.some((answer) => answer.verdict === each))!; // each has one
  const permits = verdict === "yes" || verdict === "yes-if";
  const deciding = permits ? answers : answers.filter((answer) => answer.verdict === verdict);
  const once = <T>(all: readonly T[], key: (each: T) => string): T[] => [
    ...new Map(all.map((each) => [key(each), each])).values(),
  ];
  return {
    verdict,
    clauses: once(
      deciding.flatMap(({ clauses }) => clauses),
      ({ id }) => id,
    ),
    conditions: [...new Set(deciding.flatMap(({ conditions }) => conditions))],
    asks: [...new Set(deciding.flatMap(({ asks }) => asks))],
    reasons: once(
      answers.flatMap(({ reasons }) => reasons),
      (reason) => JSON.stringify(reason),
    ),
    warnings: once(
      answers.flatMap(({ warnings }) => warnings),
      ({ en }) => en,
    ),
    notice: NOTICE,
  };
}

/** The answer to one action. */
function answerTo(
  action: Action,
  uses: readonly string[],
  facts: Facts,
  unknown: readonly string[],
  terms: ReadonlyMap<string, LicenceTerms>,
): Answer {
  const components = componentsOf(uses, facts);
  const disputed = disputedOf(facts);
  const reasons: Reason[] = [];
  const warnings: Text[] = unknown.map((name) => ({
    en: `the fact ${name} is not one that is known here, and was not looked at`,
    zh: `未知的事实 ${name}，未予考虑`,
  }));
  for (const { id, role, inDoubt } of components) {
    const licence = terms.get(id);
    if (!licence) {
      reasons.push(unread(id, role));
      continue;
    }
    const situation: Situation = {
      action,
      acts: actsOf(action, facts, role),
      role,
      facts,
      trainsOwn: trainsOwn(id, components, facts, action === "train-on-outputs"),
    };
    const findings = findingsOf(licence, situation);
    if (inDoubt) {
      const refused = findings.filter(({ effect }) => effect === "refuses");
      for (const finding of refused) reasons.push({ ...finding, effect: "open", licence: id, role });
      continue;
    }
    for (const finding of findings) reasons.push({ ...finding, licence: id, role });
    for (const { on, text } of licence.notes ?? [])
      if (!on || on.some((act) => situation.acts.has(act))) warnings.push(text);
  }
  reasons.push(...clashes(reasons));
  warnings.push(...mergeWarnings(components, terms, facts));
  for (const { effect, licence, clauses, text } of reasons) {
    if (effect !== "unexamined") continue;
    const where = clauses.map((clause) => `${licence}#${clause}`).join(", ");
    warnings.push({ en: `not looked into: ${text.en} (${where})`, zh: `未考察：${text.zh}（${where}）` });
  }
  // Of licences that one and the same model is said to have, none refuses for sure.
  const decided = reasons.filter(({ licence }) => !disputed.includes(licence));
  if (disputed.length > 0 && !decided.some(({ effect }) => effect === "refuses")) {
    warnings.push(disagreement(facts.declared!));
    return answer("unknown", [], ["resolve-disagreement"], reasons, warnings, terms);
  }
  return conclude(disputed.length > 0 ? decided : reasons, reasons, warnings, terms);
}

function conclude(
  decided: readonly Reason[],
  all: readonly Reason[],
  warnings: readonly Text[],
  terms: ReadonlyMap<string, LicenceTerms>,
): Answer {
  const of = (...effects: Finding["effect"][]) => decided.filter(({ effect }) => effects.includes(effect));
  const refusals = of("refuses");
  if (refusals.length > 0) return answer("no", refusals, [], all, warnings, terms);
  const open = of("asks", "open");
  const toRead = open.flatMap(({ condition }) => condition ?? []);
  if (open.length > 0) return answer("unknown", open, toRead, all, warnings, terms);
  const required = of("requires").map(({ condition }) => condition!);
  const cited = of("requires", "passes");
  return answer(required.length > 0 ? "yes-if" : "yes", cited, required, all, warnings, terms);
}

function answer(
  verdict: Verdict,
  from: readonly Reason[],
  conditions: readonly Condition[],
  reasons: readonly Reason[],
  warnings: readonly Text[],
  terms: ReadonlyMap<string, LicenceTerms>,
): Answer {
  const ids = new Set(from.flatMap(({ licence, clauses }) => clauses.map((key) => `${licence}#${key}`)));
  return {
    verdict,
    clauses: Array.from(ids, (id) => cite(id, terms)),
    conditions: [...new Set(conditions)],
    asks: verdict === "unknown" ? [...new Set(from.flatMap(({ fact }) => fact ?? []))] : [],
    reasons,
    warnings: [...new Map(warnings.map((text) => [text.en, text])).values()],
    notice: NOTICE,
  };
}

function cite(id: string, terms: ReadonlyMap<string, LicenceTerms>): CitedClause {
  const at = id.indexOf("#");
  const licence = terms.get(id.slice(0, at))!; // only licences at hand have clauses
  const { quote, source } = licence.clauses[id.slice(at + 1)];
  return { id, quote, source: licence.sources[source] };
}

/** Acts in Chinese. */
const ACT_ZH: Readonly<Record<(typeof ACTS)[number], string>> = {
  use: "使用",
  commercial: "商用",
  changes: "修改",
  hosted: "托管",
  outputs: "以输出训练",
  copies: "分发",
  sublicense: "再许可",
};

/** What the terms and the grants of one licence say. An act that no grant names is open. */
function findingsOf(licence: LicenceTerms, situation: Situation): Finding[] {
  const findings = licence.terms
    .map((term) => findingOf(term, situation))
    .filter((finding) => finding !== undefined);
  const refused = findings.some(({ effect }) => effect === "refuses");
  if (situation.action === "remove-attribution" && !licence.terms.some(({ kind }) => kind === "notices"))
    findings.push({
      effect: "open",
      clauses: [],
      text: { en: "what was read of it does not speak of notices", zh: "所读文本未涉及声明" },
    });
  for (const act of ACTS) {
    if (!situation.acts.has(act)) continue;
    const clauses = licence.grants.filter(({ acts }) => acts.includes(act)).flatMap((grant) => grant.clauses);
    const text = { en: `grants ${act}`, zh: `授予${ACT_ZH[act]}` };
    if (clauses.length > 0) findings.push({ effect: "passes", clauses, text });
    else if (!refused)
      findings.push({
        effect: "open",
        clauses: [],
        text: { en: `what was read of it does not speak of ${act}`, zh: `所读文本未涉及${ACT_ZH[act]}` },
      });
  }
  return findings;
}

/** The licences named and those of data, each in its role. */
function componentsOf(uses: readonly string[], facts: Facts): Component[] {
  const { dataGeneratedBy: writer, dataLicence: data } = facts;
  const ways = facts.compose?.split(/[+,\s]+/) ?? [];
  const components: Component[] = [];
  if (writer !== undefined) components.push({ id: writer, role: "outputs" });
  if (data !== undefined) components.push({ id: data, role: "data" });
  const bases = uses.filter((id) => id !== writer && id !== data);
  // Where nothing else is named, the model and its data have one licence; where something is, they still may.
  for (const id of uses)
    if (bases.length === 0 || bases.includes(id)) components.push({ id, role: "model" });
    else components.push({ id, role: "model", inDoubt: true });
  // Who taught whom is not said: each may have.
  if (writer === undefined && ways.some((way) => /^distil/.test(way)))
    for (const id of bases) components.push({ id, role: "outputs" });
  return components;
}

/** Whether outputs of a licence's models train only models of that licence. */
function trainsOwn(
  id: string,
  components: readonly Component[],
  { target }: Facts,
  asked: boolean,
): boolean | undefined {
  if (target !== undefined) return target === "same" || target === id;
  if (asked) return undefined;
  return components.every((other) => other.role !== "model" || other.inDoubt || other.id === id);
}

/** The licences that one model is said to have, where they are not one. */
function disputedOf({ declared = {} }: Facts): string[] {
  const said = [...new Set(Object.values(declared))];
  return said.length > 1 ? said : [];
}

function disagreement(declared: Readonly<Record<string, string>>): Text {
  const said = Object.entries(declared).map(([where, id]) => `${where}: ${id}`);
  return { en: `the declarations disagree (${said.join("; ")})`, zh: `各处声明不一致（${said.join("；")}）` };
}

/** A licence or a service whose terms are not here. */
function unread(id: string, role: Role): Reason {
  const text = { en: `the terms of ${id} are not in the catalogue`, zh: `目录中没有 ${id} 的条款` };
  const base = { effect: "open", clauses: [], text, licence: id, role } as const;
  return role === "outputs" ? { ...base, condition: "read-api-terms" } : base;
}

/** Beginnings of names that no one name can have. */
function clashes(reasons: readonly Reason[]): Reason[] {
  const named = reasons.filter(({ prefix }) => prefix !== undefined);
  return named.flatMap((one, at) =>
    named.slice(at + 1).flatMap((other): Reason[] => {
      const [a, b] = [one.prefix!, other.prefix!];
      if (a.startsWith(b) || b.startsWith(a)) return [];
      const text = {
        en: `conflict: a name cannot begin with “${a}” and with “${b}”, which ${other.licence} asks`,
        zh: `冲突：名称不能同时以“${a}”与“${b}”（${other.licence}）开头`,
      };
      return [
        { effect: "refuses", clauses: one.clauses, text, licence: one.licence, role: one.role },
        { effect: "refuses", clauses: other.clauses, text, licence: other.licence, role: other.role },
      ];
    }),
  );
}

/** What texts do not settle of merges. */
function mergeWarnings(
  components: readonly Component[],
  terms: ReadonlyMap<string, LicenceTerms>,
  { compose = "" }: Facts,
): Text[] {
  const models = new Set(
    components.filter(({ role, inDoubt }) => role === "model" && !inDoubt).map(({ id }) => id),
  );
  if (models.size < 2 || !compose.includes("merge")) return [];
  return [...models].flatMap((id) => {
    const clause = terms.get(id)?.terms.find((term) => term.kind === "outputs" && term.rule === "own-only")
      ?.clauses[0];
    if (clause === undefined) return [];
    const where = `${id}#${clause}`;
    return [
      {
        en: `whether a merge improves another model in the sense of ${where} is not settled`,
        zh: `合并是否属于 ${where} 所指的改进其他模型，尚无定论`,
      },
    ];
  });
}
