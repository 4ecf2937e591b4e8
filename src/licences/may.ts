// mayI: may these licences be used so? The strictest part of a composition holds.
import type { Text } from "../catalogue/catalogue.ts";
import { BaimoError } from "../errors.ts";
import { brief } from "../json.ts";
import { list, plain, required, text } from "../option-kinds.ts";
import { call, readOptions } from "../options.ts";
import { type Answer, answer, conclude, type Reason, strictest } from "./answer.ts";
import {
  clashes,
  componentsOf,
  disagreement,
  disputedOf,
  mergeWarnings,
  trainsOwn,
  unread,
} from "./components.ts";
import type { Condition } from "./conditions.ts";
import {
  type Action,
  actsOf,
  type Facts,
  factsOfAll,
  readActions,
  readFacts,
  type Situation,
} from "./facts.ts";
import { findingsOf } from "./licence-findings.ts";
import type { LicenceTerms } from "./terms.ts";

export type { Answer, Asked, CitedClause, Reason, Verdict } from "./answer.ts";
export { NOTICE } from "./answer.ts";

/** A case: which licences, what is done, what is known. */
export interface Question {
  /** Identifiers; several with "|" are of one model that has one of them, and it is not said which. */
  readonly uses: readonly string[];
  /** One of `ACTION_NAMES`, or several with "+": then the strictest answer holds. Where none is said, it is asked for. */
  readonly action?: string;
  /** Facts that are none of `Facts` are told of, and not looked at. */
  readonly facts?: Facts | Readonly<Record<string, unknown>>;
  /** Words of the question that nobody understood: each may decide, and then there is no yes. */
  readonly unread?: readonly string[];
}

const word = text({ least: 0, most: 4096 });
const table = {
  uses: required(list(word, { most: 64 })),
  action: text({ least: 0, most: 300 }),
  facts: plain,
  unread: list(word, { most: 4096 }),
};

/**
 * Answers a question from the terms at hand. There is no yes where no action is said, nor where words that may decide were not
 * understood.
 * @throws {BaimoError} `request` for an action that is not known, or no licence at all
 */
export function mayI(question: Question, terms: ReadonlyMap<string, LicenceTerms>): Answer {
  const { uses: named, action: asked, facts: told, unread } = question;
  const read = readOptions({ uses: named, action: asked, facts: told, unread }, table, call("mayI"));
  const { uses, action, facts = {}, unread: words = [] } = read;
  if (uses.length === 0)
    throw new BaimoError("request", "licences: the question names no licence; name at least one");
  // Whatever is done, it is used.
  const actions = readActions(action ?? "use");
  const found = answerOf(uses, actions, facts, terms);
  const said = `“${words.join("”, “")}”`;
  const [isOpen, warnings] =
    words.length === 0
      ? [false, []]
      : mayDecide(words, question, terms)
        ? [
            true,
            [
              {
                en: `not understood, and may decide: ${said}; ask without it, or say what it means by facts and action`,
                zh: `未能理解，而它可能决定答案：${said}；请去掉它，或用事实与动作说明`,
              },
            ],
          ]
        : [false, [{ en: `not understood: ${said}`, zh: `未能理解：${said}` }]];
  const answer = { ...found, warnings: [...warnings, ...found.warnings] };
  if (found.verdict === "no" || (action !== undefined && !isOpen)) return answer;
  const asks = action === undefined ? (["action", ...found.asks] as const) : found.asks;
  return { ...answer, verdict: "unknown", asks, conditions: [] };
}

/** What is only run, wherever and for whatever purpose. */
const RUNS: readonly string[] = ["use", "commercial-use", "host"] satisfies Action[];
/** What a licence may owe for whatever purpose. */
const OWED: readonly Condition[] = ["include-licence", "state-changes", "keep-notices", "notice-file"];
/** What may be another's name, or may be about notices, names and licences. */
const OF_RIGHTS =
  /^[A-Z]|licen|copyright|notice|attribut|credit|author|mention|claim|name|brand|logo|mark|patent|own|pretend|remov|delet|eras|hid|strip|scrub|wip|chang|[声版权作署名牌商标专利隐抹删去改冒称]/;

/** Whether words that were not understood may decide: not where a licence asks nothing of who runs a model, or for what. */
function mayDecide(
  words: readonly string[],
  { uses, action = "", facts = {} }: Question,
  terms: ReadonlyMap<string, LicenceTerms>,
): boolean {
  const isFree = (id: string) =>
    terms
      .get(id)
      ?.terms.every(
        (term) => term.kind === "notices" || (term.kind === "duty" && OWED.includes(term.condition)),
      );
  const isRun = action.split("+").every((each) => RUNS.includes(each));
  const isAlone = facts.compose === undefined && facts.dataGeneratedBy === undefined;
  const isPlain = words.every((word) => !OF_RIGHTS.test(word));
  return !(isRun && isAlone && isPlain && uses.every((ids) => ids.split("|").every(isFree)));
}

/** The answer to several actions, over all that the models may have for licences. */
function answerOf(
  uses: readonly string[],
  actions: readonly Action[],
  said: NonNullable<Question["facts"]>,
  terms: ReadonlyMap<string, LicenceTerms>,
): Answer {
  const { facts: given, unknown } = readFacts({ ...said });
  if (given.commercial === null) return forAnyPurpose(uses, actions, said, terms);
  const facts = factsOfAll(actions, given);
  const answers = readingsOf(uses).map((each) =>
    strictest(actions.map((action) => answerTo(action, each, facts, unknown, terms))),
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
function forAnyPurpose(
  uses: readonly string[],
  actions: readonly Action[],
  said: NonNullable<Question["facts"]>,
  terms: ReadonlyMap<string, LicenceTerms>,
): Answer {
  const of = (commercial: true | undefined) => answerOf(uses, actions, { ...said, commercial }, terms);
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
