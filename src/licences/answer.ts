// What an answer is, and how it comes of what terms say: the strictest holds.
import type { Text } from "../catalogue/catalogue.ts";
import type { Condition } from "./conditions.ts";
import type { FactName, Role } from "./facts.ts";
import type { Finding } from "./findings.ts";
import type { LicenceTerms, TextSource } from "./terms.ts";

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

/** What an answer asks for. */
export type Asked = FactName | "action";

export interface Answer {
  readonly verdict: Verdict;
  readonly clauses: readonly CitedClause[];
  readonly conditions: readonly Condition[];
  /** What decides and was not given: facts, or what is to be done. */
  readonly asks: readonly Asked[];
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

/** The strictest verdict of several answers first. */
const STRICTEST: readonly Verdict[] = ["no", "unknown", "yes-if", "yes"];

/** Several answers as one: the strictest verdict, with what answers of that verdict rest on; conditions of all that permit. */
export function strictest(answers: readonly Answer[]): Answer {
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

/** What reasons come to: `decided` are those that may decide. */
export function conclude(
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

/** An answer of this verdict that rests on these reasons. */
export function answer(
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
