// Whose turn it is: the order of requests, and how prompts share the rows of a step.

/** Milliseconds of waiting that a step of priority counts for. */
const STEP_MS = 10_000;

/** What has a place in the order. */
export interface InOrder {
  /** The smaller the sooner. It grows with the time at which requests come, so that nobody waits for ever. */
  readonly turn: number;
}

/** The turn of a request that comes at this time. */
export function turnOf(now: number, priority = 0): number {
  return now - priority * STEP_MS;
}

/** Puts a request into a list in order: behind those whose turn is as soon. */
export function enqueue<T extends InOrder>(list: T[], one: T): void {
  let at = list.length;
  while (at > 0 && list[at - 1].turn > one.turn) at--;
  list.splice(at, 0, one);
}

/**
 * The rows of a step for prompts of which so many tokens are left, in the order of their turns. Half of them belong to the first,
 * which no number of others delays any further; the other half to those of which least is left, which need not wait for it.
 */
export function shareRows(pending: readonly number[], rows: number): number[] {
  const shares = pending.map(() => 0);
  let left = rows;
  const give = (i: number, most: number) => {
    const more = Math.min(most, left, pending[i] - shares[i]);
    shares[i] += more;
    left -= more;
  };
  const shortestFirst = [...pending.keys()].sort((a, b) => pending[a] - pending[b]);
  if (pending.length > 0) give(0, Math.ceil(rows / 2));
  for (const i of shortestFirst) give(i, left);
  return shares;
}
