// M/M/c: the fewest servers that keep the mean wait below a limit (Erlang C).
import { BaimoError } from "../../errors.ts";
import { erlangC } from "../../plan/quantity/erlang.ts";

/** More rooms, counters or lines than anyone has. */
const MOST = 10_000;

/**
 * How many servers, and how long is the mean wait with them.
 *
 * arrivals  an hour
 * service   mean minutes of one
 * target    mean wait in minutes, at most
 */
export function fewestForMeanWait(arrivals: number, service: number, target: number) {
  if (!(arrivals > 0 && service > 0 && target > 0)) {
    const text = `a queue needs figures above 0, not ${arrivals} an hour, ${service} min and ${target} min`;
    throw new BaimoError("request", text);
  }
  const load = (arrivals * service) / 60;
  for (let servers = Math.floor(load) + 1; servers <= MOST; servers++) {
    const meanWaitMin = (erlangC(servers, load) * service) / (servers - load);
    if (meanWaitMin <= target) return { arrivalsPerHour: arrivals, servers, meanWaitMin, load };
  }
  throw new BaimoError("request", `more than ${MOST} servers would be needed for a wait of ${target} min`);
}
