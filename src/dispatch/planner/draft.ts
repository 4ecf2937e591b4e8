// A plan as far as it is: its nodes, and the values that later steps may name.
import type { JsonSchema } from "../../json.ts";
import type { TaskNode } from "../graph/task.ts";

/** A value that an earlier step gives. */
export interface Ref {
  /** As the model names it: "n1 sales_fen". */
  readonly name: string;
  readonly node: string;
  readonly path: string;
  readonly isList: boolean;
  readonly isNumber: boolean;
  /** Where its name does not say it. */
  readonly unit?: string;
}

/** What is planned so far. */
export interface Draft {
  readonly nodes: readonly TaskNode[];
  readonly refs: readonly Ref[];
  /** Columns of the rows that a node gives. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

/** One step. */
export interface Move {
  readonly name: string;
  readonly schema: JsonSchema;
  /** What it chooses among, for a model that is told no more. */
  readonly about?: string;
  /** The plan with it, by arguments of the schema. */
  add(draft: Draft, args: Record<string, unknown>): Draft;
}

/** All of these, and no other. */
export const object = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: "object",
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});

/** The next node, by what it calls. */
export const next = ({ nodes }: Draft, tool: string, args: Record<string, unknown>): TaskNode => ({
  id: `n${nodes.length + 1}`,
  tool,
  args,
  after: [],
});

export const refTo = (
  node: TaskNode,
  path: string,
  name: string,
  kind: { isList: boolean; isNumber: boolean },
): Ref => ({
  name: `${node.id} ${name}`,
  node: node.id,
  path,
  isList: kind.isList,
  isNumber: kind.isNumber,
});

/** A name of an earlier value as a reference; anything else as it is. */
export function from({ refs }: Draft, value: unknown): unknown {
  const ref = refs.find(({ name }) => name === value);
  return ref ? { $from: ref.node, path: ref.path } : value;
}

export function grown(
  { nodes, refs, rows }: Draft,
  node: TaskNode,
  more: readonly Ref[],
  columns?: readonly string[],
): Draft {
  return {
    nodes: [...nodes, node],
    refs: [...refs, ...more],
    rows: columns ? new Map(rows).set(node.id, columns) : rows,
  };
}

/** A calculation whose one value has this name. */
export const calc = (before: Draft, name: string, args: Record<string, unknown>): Draft => {
  const node = next(before, "calc", args);
  return grown(before, node, [
    refTo(node, "/value", name, { isList: false, isNumber: !name.startsWith("is_") }),
  ]);
};
