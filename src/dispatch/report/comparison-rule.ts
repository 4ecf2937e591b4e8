// What a rule for comparisons gets and gives.
import type { Fact } from "../evidence.ts";
import type { Comparison } from "./comparisons.ts";
import type { Matched } from "./known.ts";
import type { PlacedClaim, Sources } from "./sources.ts";

export interface ComparisonContext {
  readonly text: string;
  readonly claim: PlacedClaim | undefined;
  readonly matched: readonly Matched[];
  readonly sources: Sources;
  readonly cited: readonly Fact[];
  /** All facts of the report. */
  readonly all: readonly Fact[];
}

/** What a rule finds: that it holds, that it does not, or nothing. */
export type Verdict = { readonly holds: boolean; readonly from: string; readonly step: string } | undefined;

export type Rule = (comparison: Comparison, context: ComparisonContext) => Verdict;
