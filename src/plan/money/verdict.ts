// The plain verdict: the model, people, both and how, or what to measure before anyone can tell.
import type { Distribution } from "../quantity/simulate.ts";

/** Who should do the work. */
export type Verdict =
  | { readonly kind: "model" }
  | { readonly kind: "people"; readonly why: string }
  | { readonly kind: "both"; readonly model: readonly string[]; readonly people: readonly string[] }
  | { readonly kind: "cannot-tell"; readonly measure: string };

/** Up to this probability of being wrong a side is named. */
export const DOUBT = 0.1;

/** What a verdict is made of. */
export interface Evidence {
  /** Kinds of work in which a task saves something at the likeliest values. */
  readonly saving: readonly string[];
  /** The others. */
  readonly losing: readonly string[];
  /** What the model saves a month in the kinds where it saves, less its fixed cost; at the likeliest values. */
  readonly net: number | null;
  /** The same as a distribution, where inputs are ranges. */
  readonly distribution?: Distribution;
  /** An input that is missing. */
  readonly missing?: string;
}

/** Says who should do the work. */
export function verdictOf({ saving, losing, net, distribution, missing }: Evidence): Verdict {
  if (missing !== undefined || net === null) return { kind: "cannot-tell", measure: missing ?? "the inputs" };
  if (saving.length === 0)
    return { kind: "people", why: "a task done by the model saves nothing, so that no volume helps" };
  const loss = distribution ? distribution.probabilityBelowZero : net > 0 ? 0 : 1;
  if (loss > 1 - DOUBT)
    return { kind: "people", why: "what tasks save does not pay the fixed cost at this volume" };
  if (loss > DOUBT)
    return { kind: "cannot-tell", measure: distribution?.influences[0]?.name ?? "the inputs" };
  return losing.length === 0 ? { kind: "model" } : { kind: "both", model: saving, people: losing };
}

/** Where a model should run. */
export type HostingVerdict =
  | { readonly kind: "self" }
  | { readonly kind: "api"; readonly reachable: boolean }
  /** The machine holds fewer sequences at once than are asked for. */
  | { readonly kind: "does-not-fit"; readonly held: number; readonly asked: number }
  | { readonly kind: "cannot-tell"; readonly measure: string };

/**
 * Says whether a machine of one's own is cheaper than an API: where 90% of the draws are on one side of the API's price.
 *
 * own   a million tokens of one's own, with its distribution where inputs are ranges
 * need  the utilisation from which the machine is cheaper; above 1 none is
 */
export function hostingVerdict(
  own: number,
  api: number,
  need: number,
  distribution?: Distribution,
): HostingVerdict {
  const { "0.05": least, "0.95": most } = distribution?.quantiles ?? { "0.05": own, "0.95": own };
  if (most < api) return { kind: "self" };
  if (least >= api) return { kind: "api", reachable: need <= 1 };
  return { kind: "cannot-tell", measure: distribution?.influences[0]?.name ?? "the inputs" };
}
