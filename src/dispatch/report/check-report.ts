// The checker: figures, dates, names and comparisons must follow from cited facts.
import { BaimoError } from "../../errors.ts";
import type { Fact } from "../evidence.ts";
import { comparisonsIn } from "./comparisons.ts";
import { figuresIn, LIST } from "./figures.ts";
import { followComparison } from "./follow-comparison.ts";
import { followClaim, followPlain } from "./follow-text.ts";
import { derive, type Matched } from "./known.ts";
import { type Lexicon, lexiconOf, namesIn } from "./names.ts";
import type { BlockedSentence, CheckedSentence, Problem, Sentence, Step } from "./report.ts";
import { textOf } from "./report.ts";
import { type CheckContext, type PlacedClaim, type Sources, sourcesOf } from "./sources.ts";

/** A sentence that holds, with its steps, or one that does not, with the reasons. */
export type Checked = CheckedSentence | BlockedSentence;

/** What checks sentences against these facts. */
export function checkerOf(
  facts: readonly Fact[],
  context: CheckContext = {},
): (sentence: Sentence) => Checked {
  const byKey = new Map(facts.map((fact) => [fact.key, fact]));
  const names = new Set(context.names ?? []);
  for (const value of facts.flatMap((fact) => fact.value)) if (typeof value === "string") names.add(value);
  const lexicon = lexiconOf(names);
  return (sentence) => {
    const { parts, cites } = sentence;
    const { steps, problems } = checkSentence(sentence, byKey, context, lexicon);
    return problems.length === 0 ? { parts, cites, steps } : { parts, cites, problems };
  };
}

export const isRight = (sentence: Checked): sentence is CheckedSentence => "steps" in sentence;
export const isBlocked = (sentence: Checked): sentence is BlockedSentence => "problems" in sentence;

function checkSentence(
  sentence: Sentence,
  byKey: ReadonlyMap<string, Fact>,
  context: CheckContext,
  lexicon: Lexicon,
) {
  const steps: Step[] = [];
  const problems: Problem[] = [];
  const claims = placeClaims(sentence, byKey, problems);
  const cited = new Map(claims.flatMap(({ known }) => known.facts).map((fact) => [fact.key, fact]));
  for (const key of sentence.cites) {
    const fact = byKey.get(key);
    if (fact) cited.set(key, fact);
    else problems.push({ found: key, reason: "the sentence cites it, and there is no such fact" });
  }
  const sources = sourcesOf([...cited.values()], context);
  const text = textOf(sentence);
  const claimAt = ({ at, end }: { at: number; end: number }) =>
    claims.find((claim) => at < claim.end && end > claim.at);
  const isText = (claim: PlacedClaim | undefined) => claim !== undefined && claim.known.value === claim.text;

  const labels = placeLabels(sentence, context, problems);
  const codes = namesOf(text, sources.texts);
  const masked = mask(text, [...labels, ...claims.filter(isText), ...codes]);
  const matched: Matched[] = [];
  for (const figure of figuresIn(masked)) {
    const claim = claimAt(figure);
    const found = claim ? followClaim(figure, claim, text) : followPlain(figure, sources, text);
    if ("reason" in found) problems.push(found);
    else {
      steps.push({ found: figure.text, from: found.known?.from ?? "the request", step: found.step });
      matched.push({ figure, known: found.known });
    }
  }
  const items = matched.flatMap(({ figure, known }) =>
    known?.from.startsWith("item(") && !(figure.kind === "number" && figure.isFraction)
      ? [{ at: figure.at, end: figure.end, said: known.from }]
      : [],
  );
  problems.push(
    ...saidTwice([...items, ...codes.map(({ at, end }) => ({ at, end, said: text.slice(at, end) }))], text),
  );
  problems.push(...datesTwice(matched, sources));
  for (const claim of claims) problems.push(...faultOfClaim(claim, matched, masked));
  for (const comparison of comparisonsIn(masked)) {
    const found = followComparison(comparison, {
      text: masked,
      claim: claimAt(comparison),
      matched,
      sources,
      cited: [...cited.values()],
      all: [...byKey.values()],
    });
    if ("reason" in found) problems.push(found);
    else steps.push(found);
  }
  for (const name of namesIn(mask(text, labels), lexicon)) {
    const claim = claimAt(name);
    const allowed = isText(claim)
      ? [String(claim?.known.value)]
      : [...sources.texts, sources.request, ...sources.labels.values()];
    const isAllowed = allowed.some((each) => each === name.text || hasName(each, name.text));
    if (!isAllowed) problems.push({ found: name.text, reason: "a name that no cited fact has" });
    else
      steps.push({
        found: name.text,
        from: claim?.known.from ?? "a cited fact or the request",
        step: "as it is",
      });
  }
  return { steps, problems };
}

const hasName = (text: string, name: string): boolean => text.toLowerCase().includes(name.toLowerCase());

function placeClaims(
  { parts }: Sentence,
  facts: ReadonlyMap<string, Fact>,
  problems: Problem[],
): PlacedClaim[] {
  const claims: PlacedClaim[] = [];
  let at = 0;
  for (const part of parts) {
    const text = typeof part === "string" ? part : part.text;
    if (typeof part !== "string" && "from" in part) {
      try {
        claims.push({ at, end: at + text.length, text, known: derive(part.from, facts) });
      } catch (error) {
        if (!(error instanceof BaimoError)) throw error;
        problems.push({ found: text, reason: error.message });
      }
    }
    at += text.length;
  }
  return claims;
}

/** Labels must be those of the facts; what is in them claims nothing. */
function placeLabels({ parts }: Sentence, { labels }: CheckContext, problems: Problem[]) {
  const places: { at: number; end: number }[] = [];
  let at = 0;
  for (const part of parts) {
    const text = typeof part === "string" ? part : part.text;
    if (typeof part !== "string" && "label" in part) {
      places.push({ at, end: at + text.length });
      const label = labels?.get(part.label) ?? part.label;
      if (text.toLowerCase() !== label.toLowerCase())
        problems.push({ found: text, reason: `${part.label} is not called so` });
    }
    at += text.length;
  }
  return places;
}

/** The same text with places blanked, so that no figure is read in a name. */
function mask(text: string, places: readonly { readonly at: number; readonly end: number }[]): string {
  let masked = text;
  for (const { at, end } of places)
    masked = masked.slice(0, at) + "\u0001".repeat(end - at) + masked.slice(end);
  return masked;
}

/** Where cited texts stand that have digits in them: P006, 90d. */
function namesOf(text: string, texts: readonly string[]) {
  return texts
    .filter((each) => /\d/.test(each) && /\p{L}/u.test(each))
    .flatMap((each) =>
      text
        .split(each)
        .slice(0, -1)
        .map((_, i, pieces) => pieces.slice(0, i + 1).join(each).length)
        .map((at) => ({ at, end: at + each.length }))
        .filter(
          ({ at, end }) =>
            !/[\p{Script=Latin}\p{N}−-]$/u.test(text.slice(0, at)) &&
            !/^[\p{Script=Latin}\p{N}]/u.test(text.slice(end)),
        ),
    );
}

/** An item that an enumeration has twice. */
function saidTwice(
  items: readonly { readonly at: number; readonly end: number; readonly said: string }[],
  text: string,
): Problem[] {
  const problems: Problem[] = [];
  const sorted = [...items].sort((a, b) => a.at - b.at);
  let run = new Set<string>();
  for (const [i, { at, end, said }] of sorted.entries()) {
    const previous = sorted[i - 1];
    if (!previous || !LIST.test(text.slice(previous.end, at))) run = new Set();
    if (run.has(said)) problems.push({ found: text.slice(at, end), reason: "an enumeration has it twice" });
    run.add(said);
  }
  return problems;
}

/** A date that stands twice where there are several: one of them was another. */
function datesTwice(matched: readonly Matched[], { dates }: Sources): Problem[] {
  if (new Set(dates.map(({ year, month }) => `${year} ${month}`)).size < 2) return [];
  const said = matched.filter(
    ({ figure: { kind, text } }) => kind === "date" || /^(?:19|20)\d\d$/.test(text),
  );
  return said
    .filter((each, at) => said.findIndex(({ figure }) => figure.text === each.figure.text) < at)
    .map(({ figure }) => ({ found: figure.text, reason: "the sentence has this date twice" }));
}

const YES = /^(?:yes|true|是|有|成立)$/iu;
const NO = /^(?:no|false|否|没有|不成立)$/iu;

/** A claim must say what it claims, and nothing else. */
function faultOfClaim(
  { at, end, text, known }: PlacedClaim,
  matched: readonly Matched[],
  masked: string,
): Problem[] {
  const { value, from } = known;
  const problem = (reason: string): Problem[] => [{ found: text, reason }];
  const inside = (each: { readonly at: number; readonly end: number }) => each.at < end && each.end > at;
  if (typeof value === "string") {
    return text === value || comparisonsIn(masked).some(inside) ? [] : problem(`${from} is another text`);
  }
  if (typeof value === "number") {
    return matched.some(({ figure }) => inside(figure)) || comparisonsIn(masked).some(inside)
      ? []
      : problem(`it does not say the value of ${from}`);
  }
  if (typeof value === "boolean") {
    if (YES.test(text)) return value ? [] : problem(`${from} is false`);
    if (NO.test(text)) return value ? problem(`${from} is true`) : [];
    return comparisonsIn(masked).some(inside) ? [] : problem(`it does not say whether ${from}`);
  }
  return problem(`${from} is neither a number, a text nor true or false`);
}
