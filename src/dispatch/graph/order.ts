// The order of a graph's nodes, by what each needs.
import { BaimoError } from "../../errors.ts";
import { referencesIn } from "./references.ts";
import type { TaskNode } from "./task.ts";

/** Nodes that must have ended before this one: those it names, and those it takes values from. */
export const needsOf = ({ after, args }: TaskNode): string[] => [
  ...new Set([...after, ...referencesIn(args).map(({ $from }) => $from)]),
];

/** Each node after those that it needs. @throws {BaimoError} `request` for a cycle, an unknown node, an id twice */
export function orderOf(nodes: readonly TaskNode[]): TaskNode[] {
  const ids = new Set<string>();
  for (const { id } of nodes) {
    if (ids.has(id)) throw new BaimoError("request", `two nodes are called ${id}`);
    ids.add(id);
  }
  for (const node of nodes) {
    const missing = needsOf(node).find((need) => !ids.has(need));
    if (missing !== undefined)
      throw new BaimoError("request", `node ${node.id} needs ${missing}, which is no node`);
  }
  const ended = new Set<string>();
  const order: TaskNode[] = [];
  while (order.length < nodes.length) {
    const ready = nodes.filter(
      (node) => !ended.has(node.id) && needsOf(node).every((need) => ended.has(need)),
    );
    if (ready.length === 0) {
      const left = nodes.filter(({ id }) => !ended.has(id)).map(({ id }) => id);
      throw new BaimoError("request", `nodes ${left.join(", ")} wait for one another`);
    }
    order.push(...ready);
    for (const { id } of ready) ended.add(id);
  }
  return order;
}
