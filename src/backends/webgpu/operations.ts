// Operations as they wait to be sent to a GPU, and which of them become one.
import type { ActivationKind, NormKind, Run } from "../../tensor/backend.ts";
import type { GpuCache } from "./cache.ts";
import type { Rows } from "./rows.ts";
import type { GpuMatrix } from "./weights.ts";

export type GpuProduct = readonly [weight: GpuMatrix, y: Rows];

/** y_k = x W_k^T, and what comes after it. */
export interface LinearOperation {
  readonly kind: "linear";
  readonly x: Rows;
  readonly tokens: number;
  readonly products: readonly GpuProduct[];
  /** residual += factor * y */
  readonly add?: { readonly to: Rows; readonly factor: number };
  readonly activate?: { readonly activation: ActivationKind; readonly limit: number };
}

export interface AddOperation {
  readonly kind: "add";
  readonly x: Rows;
  readonly y: Rows;
  readonly tokens: number;
  readonly factor: number;
}

export interface ActivateOperation {
  readonly kind: "activate";
  readonly activation: ActivationKind;
  readonly gate: Rows;
  readonly up: Rows | undefined;
  readonly tokens: number;
  readonly limit: number;
}

/** Where the weights of a norm begin among the vectors, and whether each head has its own. */
export interface HeadNorm {
  readonly kind: NormKind;
  readonly eps: number;
  readonly weight: number;
  readonly bias: number;
  readonly each: boolean;
}

/** What happens to the heads of one activation, in this order. */
export interface HeadWork {
  readonly x: Rows;
  readonly dim: number;
  readonly norm?: HeadNorm;
  readonly angles?: number;
  readonly store?: "key" | "value";
}

export interface HeadsOperation {
  readonly kind: "heads";
  /** Rows [first, first + tokens). */
  readonly first: number;
  readonly tokens: number;
  readonly parts: readonly HeadWork[];
  /** Where keys and values go. */
  readonly into?: { readonly cache: GpuCache; readonly layer: number; readonly runs: readonly Run[] };
}

/** One that is never joined with another. */
export interface PlainOperation {
  readonly kind: "plain";
  send(): void;
}

export type Operation = LinearOperation | AddOperation | ActivateOperation | HeadsOperation | PlainOperation;

/** The same operations, neighbours joined where one call can do the work of both; each still writes all that it wrote. */
export function joinOperations(operations: readonly Operation[]): Operation[] {
  const joined: Operation[] = [];
  for (const operation of operations) {
    const last = joined.at(-1);
    const both = last && join(last, operation);
    if (both) joined[joined.length - 1] = both;
    else joined.push(operation);
  }
  return joined;
}

function join(first: Operation, second: Operation): Operation | undefined {
  if (first.kind === "heads" && second.kind === "heads") return joinHeads(first, second);
  if (first.kind !== "linear" || first.add || first.activate) return undefined;
  const { products } = first;
  const ys = products.map(([, y]) => y);
  if (second.kind === "add") {
    const { x: to, y, factor, tokens } = second;
    const fits = ys.length === 1 && ys[0] === y && to !== y && to !== first.x && tokens === first.tokens;
    return fits ? { ...first, add: { to, factor } } : undefined;
  }
  if (second.kind === "activate") {
    const { gate, up, activation, limit, tokens } = second;
    const isAll = up ? ys.length === 2 && ys[0] === gate && ys[1] === up : ys.length === 1 && ys[0] === gate;
    const fits = isAll && tokens === first.tokens && areAlike(products);
    return fits ? { ...first, activate: { activation, limit } } : undefined;
  }
  return undefined;
}

/** Whether one call can compute these products row by row. */
export function areAlike(products: readonly GpuProduct[]): boolean {
  const [[{ type, cols, rows, parts }]] = products;
  return products.every(
    ([weight]) =>
      weight.type === type &&
      weight.cols === cols &&
      weight.rows === rows &&
      weight.parts.length === 1 &&
      weight.parts[0].area === parts[0].area,
  );
}

function joinHeads(first: HeadsOperation, second: HeadsOperation): HeadsOperation | undefined {
  if (first.tokens !== second.tokens || first.first !== second.first || first.into) return undefined;
  const parts = [...first.parts];
  for (const work of second.parts) {
    const at = parts.findIndex(({ x }) => x === work.x);
    if (at < 0) parts.push(work);
    else {
      const both = follow(parts[at], work);
      if (!both) return undefined;
      parts[at] = both;
    }
  }
  return isOneCall(parts) ? { ...first, parts, into: second.into } : undefined;
}

/** Steps of one activation after others of it, where they come in the order in which a call takes them. */
function follow(first: HeadWork, second: HeadWork): HeadWork | undefined {
  if (first.dim !== second.dim || first.store) return undefined;
  if (second.norm && (first.norm || first.angles !== undefined)) return undefined;
  if (second.angles !== undefined && first.angles !== undefined) return undefined;
  return {
    x: first.x,
    dim: first.dim,
    norm: first.norm ?? second.norm,
    angles: first.angles ?? second.angles,
    store: second.store,
  };
}

/** At most queries, keys and values, which share what a call knows once. */
function isOneCall(parts: readonly HeadWork[]): boolean {
  const isOne = (values: readonly unknown[]) =>
    new Set(values.filter((value) => value !== undefined)).size <= 1;
  const others = parts.filter(({ store }) => !store).length;
  // What is not stored takes the place of queries, or of keys where there are none.
  const stored = parts.some(({ store }) => store === "key");
  return (
    parts.length <= 3 &&
    others <= (stored ? 1 : 2) &&
    isOne(parts.map(({ angles }) => angles)) &&
    isOne(parts.map(({ norm }) => norm?.eps)) &&
    isOne(parts.map(({ norm }) => norm?.kind))
  );
}
