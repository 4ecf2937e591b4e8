// Waiting before a server: Erlang C, and how many servers a load needs.
import { type Computed, compute, defined, type Quantity, type Source } from "../quantity/quantity.ts";

const source: Source = {
  title: "Erlang 1917, formula C; M/M/c",
  url: "https://en.wikipedia.org/wiki/Erlang_(unit)#Erlang_C_formula",
};
/** What must stand beside every figure of this file. */
export const QUEUE_NOTE =
  "M/M/c: independent arrivals, exponential service. A model server batches and is not M/M/c; measure before relying on it";

/** Figures of a queue; all unknown where it grows without end. */
export interface Queue {
  readonly utilisation: Computed<"ratio">;
  readonly probabilityOfWaiting: Computed<"ratio">;
  readonly meanWait: Computed<"second">;
  readonly waitAt95: Computed<"second">;
  readonly waitAt99: Computed<"second">;
  readonly waiting: Computed<"request">;
}

/** What a queue of `servers` does to requests that arrive and are served at these rates. */
export function queueOf(
  arrivals: Quantity<"request/second">,
  serviceRate: Quantity<"request/second">,
  servers: Quantity<"machine">,
): Queue {
  const about = { source, note: QUEUE_NOTE };
  const load = compute("offered load", "machine", "arrivals / serviceRate", { arrivals, serviceRate });
  const utilisation = compute("utilisation", "ratio", "load / servers", { load, servers });
  const waits = compute(
    "probability of waiting",
    "ratio",
    "erlangC(servers, load)",
    { servers, load },
    about,
  );
  const spare = compute(
    "spare service rate",
    "request/second",
    "positive(servers * serviceRate - arrivals)",
    { servers, serviceRate, arrivals },
    { note: "none where requests arrive faster than they are served: the queue grows without end" },
  );
  const meanWait = compute("mean wait", "second", "waits / spare", { waits, spare }, about);
  const waitAt = (quantile: number) =>
    compute(
      `wait that ${quantile * 100}% stay below`,
      "second",
      "max(0, -ln((1 - share) / waits) / spare)",
      { share: defined("share of requests", quantile, "ratio", "which quantile is asked for"), waits, spare },
      about,
    );
  return {
    utilisation,
    probabilityOfWaiting: waits,
    meanWait,
    waitAt95: waitAt(0.95),
    waitAt99: waitAt(0.99),
    waiting: compute("requests waiting", "request", "arrivals * meanWait", { arrivals, meanWait }, about),
  };
}

/** The fewest servers with which `share` of the requests waits no longer than `limit`, by trying with Erlang C. */
export const serversFor = (
  arrivals: Quantity<"request/second">,
  serviceRate: Quantity<"request/second">,
  share: Quantity<"ratio">,
  limit: Quantity<"second">,
): Computed<"machine"> =>
  compute(
    "servers",
    "machine",
    "fewestServers(arrivals, serviceRate, share, limit)",
    { arrivals, serviceRate, share, limit },
    { source, note: QUEUE_NOTE },
  );
