// How two runs differ on their documents, and how sure that is whatever failed ones had been.
import { mean } from "../../statistics/moments.ts";
import type { Interval } from "../statistics/intervals.ts";
import { differences, pairedP } from "../statistics/paired.ts";
import { type Paired, pairDocuments, type TaskValues } from "./task-values.ts";

/** Two runs on the documents of both. */
export interface PairedDifference {
  /** Of the means, a - b, from the worst to the best that failed documents allow; undefined where these have no ends. */
  readonly ends?: Interval;
  readonly test: "McNemar" | "t";
  /** The largest that failed documents allow; 1 where they leave open which is better. */
  readonly p: number;
  /** Documents in both, failed ones among them. */
  readonly pairs: number;
  /** Pairs of which a document failed. */
  readonly failed: number;
}

/** Compares two lists, documents that failed among them. */
export function pairedDifference(a: TaskValues, b: TaskValues): PairedDifference {
  const pairs = pairDocuments<Paired>(withFailed(a), withFailed(b));
  const values = pairs.map((pair) => pair.map(knownValue) as [number | undefined, number | undefined]);
  const failed = values.filter((pair) => pair.includes(undefined)).length;
  const outcome = (ofA: number, ofB: number) => {
    const own = values.map(([one]) => one ?? ofA);
    const others = values.map(([, one]) => one ?? ofB);
    return { ...pairedP(own, others), difference: own.length > 0 ? mean(differences(own, others)) : 0 };
  };
  const low = outcome(0, 1);
  const count = { pairs: pairs.length, failed };
  if (failed === 0) return { ends: [low.difference, low.difference], test: low.test, p: low.p, ...count };
  if (!a.isShare) return { test: low.test, p: 1, ...count };
  const high = outcome(1, 0);
  const isOpen = low.difference <= 0 && high.difference >= 0;
  return {
    ends: [low.difference, high.difference],
    test: low.test,
    p: isOpen ? 1 : Math.max(low.p, high.p),
    ...count,
  };
}

const withFailed = ({ documents, failed }: TaskValues): Paired[] =>
  [...documents, ...failed].sort((a, b) => a.id - b.id);

const knownValue = (one: Paired): number | undefined =>
  "value" in one && typeof one.value === "number" ? one.value : undefined;
