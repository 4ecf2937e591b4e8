// Whether a comparison follows: from a claim, a change, two figures or a condition.
import type { Fact } from "../evidence.ts";
import type { ComparisonContext, Rule, Verdict } from "./comparison-rule.ts";
import {
  type Comparison,
  isNegated,
  opposite,
  type Relation,
  relationOfKey,
  relationOfStep,
} from "./comparisons.ts";
import { subjectOf } from "./follow-difference.ts";
import { byKind, byOrder, byPlace, byRange } from "./follow-place.ts";
import type { Known, Matched } from "./known.ts";
import type { Problem, Step } from "./report.ts";

export function followComparison(comparison: Comparison, context: ComparisonContext): Step | Problem {
  const { text, at } = comparison;
  const negated = isNegated(context.text, at);
  const rules = context.claim ? [byClaim, byPlace] : RULES[comparison.relation];
  for (const rule of rules) {
    const verdict = rule(comparison, context);
    if (!verdict) continue;
    if (verdict.holds !== negated) return { found: text, from: verdict.from, step: verdict.step };
    return { found: text, reason: `${verdict.from} says otherwise` };
  }
  return { found: text, reason: "a comparison that follows from no cited fact" };
}

const CHANGE = /change|growth|increase|decrease|difference|delta|diff|变化|变动|增长|增减|差/iu;

/** Whether a value tells by its sign how something changed. */
const isChange = ({ from, facts, unit }: Known): boolean =>
  CHANGE.test(from) ||
  /[^-]-[^-]/.test(from) ||
  facts.some(({ unit: words }) => CHANGE.test(words)) ||
  (unit.kind === "measure" && unit.dimension === "difference of ratios");

function bySign(relation: Relation, { value, from }: Known): Verdict {
  if (typeof value !== "number" || (relation !== "more" && relation !== "less")) return undefined;
  return { holds: relation === "more" ? value > 0 : value < 0, from, step: `by the sign of ${from}` };
}

function ofBoolean(relation: Relation, { value, from }: Known): Verdict {
  if (typeof value !== "boolean") return undefined;
  const stated = relationOfStep(from) ?? relationOfKey(from);
  if (stated === relation) return { holds: value, from, step: `${from} is ${value}` };
  return stated !== undefined && opposite(stated) === relation ? { holds: false, from, step: "" } : undefined;
}

/** Within a claim: what that claims says it. */
const byClaim: Rule = ({ relation }, { claim, cited }) => {
  if (!claim) return undefined;
  const { known } = claim;
  return (
    ofBoolean(relation, known) ??
    (isChange(known) ? bySign(relation, known) : undefined) ??
    byKeys(relation, known.facts) ??
    bySignificance(relation, cited)
  );
};

/** A difference or a change of two facts: the words must say which is compared with which. */
const byDifference: Rule = (comparison, { matched, text }) => {
  const { relation, at, end } = comparison;
  if (relation !== "more" && relation !== "less") return undefined;
  const isNear = ({ figure, known }: Matched) =>
    known?.parts !== undefined &&
    / - /.test(known.from) &&
    !/[。；;，,]|[.!?](?:\s|$)/u.test(text.slice(Math.min(end, figure.end), Math.max(at, figure.at)));
  const near = matched.find(isNear);
  const known = near?.known;
  if (!near || !known?.parts) return undefined;
  const isBound =
    !comparison.isChange && !comparison.text.startsWith("比") && isRightBefore(comparison, near, text);
  if (isBound) return undefined; // "by over 39 basis points"
  const subject = subjectOf(comparison, known.parts, { text, matched });
  if (!subject) return { holds: false, from: `which of ${known.from} is compared with the other`, step: "" };
  const [other] = known.parts.filter((part) => part !== subject);
  const difference = Number(subject.value) - Number(other.value);
  return {
    holds: relation === "more" ? difference > 0 : difference < 0,
    from: `${subject.from}, ${other.from}`,
    step: `by the sign of ${subject.from} - ${other.from}`,
  };
};

const isRightBefore = ({ end }: Comparison, { figure }: Matched, text: string): boolean =>
  figure.at >= end && text.slice(end, figure.at).trim() === "";

/** A change: its figure stands after the word, or before it ("10% higher"). */
const byFigure: Rule = ({ relation, at, end, isChange: becomes, text }, { matched, text: all }) => {
  const isNear = (figure: { at: number; end: number }) =>
    !/[。；;.!?！？](?:\s|$)/u.test(all.slice(Math.min(end, figure.end), Math.max(at, figure.at)));
  const near = matched.filter(({ figure }) => figure.kind === "number" && isNear(figure));
  const after = near.find(({ figure }) => figure.at >= end);
  const before = near.findLast(({ figure }) => figure.end <= at);
  if (text.startsWith("比") && after?.known && isChange(after.known) && after.figure.at - end < 2)
    return bySign(relation, after.known);
  const between = after && before ? all.slice(end, after.figure.at) : "";
  for (const each of /than\s*$|比|于/iu.test(text) ? [] : [after, before]) {
    if (each?.known && isChange(each.known)) return bySign(relation, each.known);
  }
  if (becomes && /^\s*(?:到|至|to)\s*$/iu.test(between) && before?.known) return undefined;
  return undefined;
};

/** "Equals 308 basis points": no more than the figure says. */
const byEquality: Rule = ({ end, text: word }, { matched, text }) => {
  const next = matched.find(
    ({ figure }) => figure.at >= end && /^\s*(?:to)?\s*$/i.test(text.slice(end, figure.at)),
  );
  const isEqual = /^(?:equals?|等于|相等)$/iu.test(word);
  return isEqual && next?.known
    ? { holds: true, from: next.known.from, step: "as the figure says" }
    : undefined;
};

/** Two figures of one measure: from A to B, A more than B, B up from A. */
const byFigures: Rule = ({ relation, at, end, isChange: becomes, text }, { matched, text: all }) => {
  const numbers = matched.filter(
    ({ figure, known }) => figure.kind === "number" && typeof known?.value === "number" && !isChange(known),
  );
  const [first, second] = pairOf(numbers, at, end);
  if (
    !first?.known ||
    !second?.known ||
    first.known.from === second.known.from ||
    !isOneMeasure(first.known, second.known)
  )
    return undefined;
  const [a, b] = [Number(first.known.value), Number(second.known.value)];
  const isBackwards =
    !becomes ||
    /(?:up|down)\s*(?:from)?$/iu.test(text) ||
    (/^\s*(?:up|down)?\s*from/iu.test(all.slice(at, second.figure.at)) && first.figure.end <= at) ||
    /\bfrom\s*$/iu.test(all.slice(0, second.figure.at)) ||
    /较|比/u.test(all.slice(first.figure.end, Math.max(first.figure.end, second.figure.at)));
  const [later, earlier] = isBackwards ? [a, b] : [b, a];
  const from = `${first.known.from}, ${second.known.from}`;
  const step = `${first.figure.text} against ${second.figure.text}`;
  if (relation === "same") return { holds: a === b, from, step };
  return { holds: relation === "more" ? later > earlier : later < earlier, from, step };
};

/** The figures around a word where there are two, else the two after it, else the two before it. */
function pairOf(numbers: readonly Matched[], at: number, end: number): readonly (Matched | undefined)[] {
  const before = numbers.filter(({ figure }) => figure.at < at);
  const after = numbers.filter(({ figure }) => figure.at >= end || figure.end > at);
  if (before.length > 0 && after.length > 0) return [before.at(-1), after[0]];
  return after.length > 1 ? after : before.slice(-2);
}

const isOneMeasure = (a: Known, b: Known): boolean =>
  a.unit.kind === b.unit.kind &&
  (a.unit.kind !== "measure" || (b.unit.kind === "measure" && a.unit.dimension === b.unit.dimension));

const UP_TO = /no more than|at most|up to|within|不超过|不多于|至多|以内/iu;
/** "below the limit of". */
const UP_TO_BOUND =
  /^\s*卖?(?:(?:the|a|our|your|its) (?:limit|target|threshold|bound|maximum|minimum)(?: of| at)?)?\s*$/i;

/** A bound that was asked with, or a figure that is rounded that way. */
const byCondition: Rule = (
  { relation, at, end, isChange: becomes, text: word },
  { matched, sources, text },
) => {
  if (becomes || /^比|[高多低]出$/u.test(word)) return undefined;
  const isAfter = /^(?:以上|以下|以内)$/u.test(word);
  const next = matched.find(
    ({ figure }) =>
      figure.kind === "number" &&
      (isAfter
        ? figure.end <= at && text.slice(figure.end, at).trim() === ""
        : figure.at >= end && UP_TO_BOUND.test(text.slice(end, figure.at))),
  );
  if (!next) return undefined;
  if (!next.known) return { holds: true, from: "the request", step: "as it was asked" }; // matched with its relation
  const { value } = next.known;
  const { figure } = next;
  const isLimit = text.slice(end, figure.at).trim().length > 1; // one that was asked with, or none
  if (
    typeof value !== "number" ||
    figure.kind !== "number" ||
    sources.known.length === 0 ||
    isAfter ||
    isLimit
  )
    return undefined;
  const [factor] = figure.units.flatMap((unit) =>
    next.known?.unit.kind === "measure" && unit.dimension === next.known.unit.dimension
      ? [next.known.unit.factor / unit.factor]
      : [],
  );
  const shown = (figure.mantissa * figure.multiplier) / (factor ?? 1);
  return {
    holds: relation === "more" ? value > shown : value < shown || (value === shown && UP_TO.test(word)),
    from: next.known.from,
    step: "rounded that way",
  };
};

/** A cited fact that is true or false, or of whose key the word is. */
const byFact: Rule = ({ relation }, { cited, sources }) => {
  for (const known of sources.known) {
    const verdict = ofBoolean(relation, known);
    if (verdict) return verdict;
  }
  const changes = sources.known.filter(isChange);
  const [first] = changes;
  if (changes.length === 1) {
    const verdict = bySign(relation, first);
    if (verdict) return verdict;
  }
  return byKeys(relation, cited);
};

function byKeys(relation: Relation, facts: readonly Fact[]): Verdict {
  if (relation !== "most" && relation !== "least") return undefined;
  const stated = facts.flatMap((fact) => {
    const steps = fact.evidence
      .filter((each) => each.kind === "step" && each.node === fact.node)
      .map((each) => (each.kind === "step" ? each.step : ""));
    return [relationOfKey(fact.key), ...steps.map(relationOfCalc)].flatMap((each) =>
      each ? [{ each, key: fact.key }] : [],
    );
  });
  const found = stated.find(({ each }) => each === relation);
  if (found) return { holds: true, from: found.key, step: `${found.key} is that` };
  return undefined;
}

const relationOfCalc = (step: string): Relation | undefined =>
  /\b(?:largest|max)\(/.test(step) ? "most" : /\b(?:smallest|min)\(/.test(step) ? "least" : undefined;

function bySignificance(relation: Relation, cited: readonly Fact[]): Verdict {
  const fact = relation === "significant" ? cited.find(({ key }) => /^p$|p_?value/i.test(key)) : undefined;
  if (!fact || typeof fact.value !== "number") return undefined;
  return { holds: fact.value < 0.05, from: fact.key, step: `${fact.key} against 0.05` };
}

const RULES: Readonly<Record<Relation, readonly Rule[]>> = {
  more: [byDifference, byCondition, byFigure, byOrder, byFigures, byFact],
  less: [byDifference, byCondition, byFigure, byOrder, byFigures, byFact],
  same: [byEquality, byFigures, byFact],
  most: [byPlace, byRange, byKind, byFact],
  least: [byPlace, byRange, byKind, byFact],
  significant: [({ relation }, { cited }) => bySignificance(relation, cited)],
};
