// Conversations under the day on which they were last changed.
import type { Summary } from "../store/conversation.ts";

export type Day = "pinned" | "today" | "yesterday" | "week" | "earlier";

/** The groups that are not empty, in the order of the list. */
export function groupByDay(summaries: readonly Summary[], now: Date): [Day, Summary[]][] {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const dayOf = ({ pinned, changed }: Summary): Day => {
    if (pinned) return "pinned";
    if (changed >= midnight) return "today";
    if (changed >= midnight - 86_400_000) return "yesterday";
    return changed >= midnight - 6 * 86_400_000 ? "week" : "earlier";
  };
  const groups = new Map<Day, Summary[]>();
  for (const summary of summaries) {
    const day = dayOf(summary);
    const group = groups.get(day);
    if (group) group.push(summary);
    else groups.set(day, [summary]);
  }
  return [...groups];
}
