// Erlang's C formula: the probability of waiting, and how many servers hold a limit.

/**
 * The probability of waiting in M/M/c (Erlang C), by the recurrence of Erlang B, which does not overflow.
 *
 * servers  c, a whole number from 1
 * load     arrivals / service rate, in servers
 * Not a number where load reaches servers: the queue grows without end.
 */
export function erlangC(servers: number, load: number): number {
  if (!(Number.isInteger(servers) && servers >= 1 && load >= 0 && load < servers)) return Number.NaN;
  let blocked = 1;
  for (let k = 1; k <= servers; k++) blocked = (load * blocked) / (k + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

/** More servers than anyone has. */
const MOST = 1_000_000;

/** The wait that a share of requests stays below: 0 for those who need not wait. */
export function waitBelow(waits: number, spare: number, share: number): number {
  return Math.max(0, -Math.log((1 - share) / waits) / spare);
}

/** The fewest servers with which a share of the requests waits no longer than `limit`; not a number where a million do not do. */
export function fewestServers(arrivals: number, serviceRate: number, share: number, limit: number): number {
  const least = Math.floor(arrivals / serviceRate) + 1;
  if (!(least >= 1 && least < MOST && limit >= 0)) return Number.NaN;
  const holds = (servers: number) => {
    const waits = erlangC(servers, arrivals / serviceRate);
    return waitBelow(waits, servers * serviceRate - arrivals, share) <= limit;
  };
  let [low, high] = [least, least];
  while (!holds(high) && high < MOST) [low, high] = [high + 1, high * 2];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return high < MOST ? high : Number.NaN;
}
