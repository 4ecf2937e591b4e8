// Expressions whose value is known before a template runs.
//
// Jinja2 computes them when it compiles; a slice of what has none is then undefined and no error.

import type { Expression } from "./ast.ts";
import { childrenOf } from "./children.ts";
import { Complex } from "./complex.ts";
import { Dict } from "./dict.ts";
import { TemplateError } from "./errors.ts";
import { Activation, type Evaluate, type Frame, Names } from "./frame.ts";
import { Runtime } from "./runtime.ts";
import { FunctionScope } from "./symbols.ts";
import { Float, itemsOf, Markup, Range, truth, type Value } from "./values.ts";

/** Longer chains of comparisons are taken as a whole. */
const MAX_CHAIN = 8;

type Compile = (node: Expression, frame: Frame) => Evaluate;

/** Finds constant expressions of one template, each once. */
export class Constants {
  readonly #known = new Map<Expression, boolean>();
  readonly #compile: Compile;

  constructor(compile: Compile) {
    this.#compile = compile;
  }

  /** Whether an expression has no part that can change; what a constant condition leaves out does not count. */
  isConstant(node: Expression, frame: Frame): boolean {
    let known = this.#known.get(node);
    if (known === undefined) {
      known = this.#find(node, frame);
      this.#known.set(node, known);
    }
    return known;
  }

  #find(node: Expression, frame: Frame): boolean {
    switch (node.type) {
      case "Name":
      case "NamespaceRef":
      case "Call":
        return false;
      case "Conditional": {
        const test = this.value(node.test, frame);
        if (test === undefined) return false;
        const taken = truth(test) ? node.value : node.otherwise;
        return taken !== undefined && this.isConstant(taken, frame);
      }
      case "And":
      case "Or": {
        const left = this.value(node.left, frame);
        if (left === undefined) return false;
        return truth(left) === (node.type === "Or") || this.isConstant(node.right, frame);
      }
      case "Compare": {
        // A chain ends at the first comparison that does not hold; what stands behind it does not count.
        const { length } = node.operands;
        for (let i = 1; i < length && length <= MAX_CHAIN; i++) {
          if (this.value({ ...node, operands: node.operands.slice(0, i) }, frame) === false) return true;
        }
        break;
      }
      case "Filter":
      case "Test": {
        // Filters that take their arguments as they come look at the context, except for one.
        const table = node.type === "Filter" ? frame.compilation.filters : frame.compilation.tests;
        const defined = table.get(node.name);
        if (frame.compilation.volatile || !defined) return false;
        if (typeof defined === "function" && node.name !== "format") return false;
      }
    }
    for (const child of childrenOf(node)) if (!this.isConstant(child as Expression, frame)) return false;
    return true;
  }

  /** The value of a constant expression; undefined where it is none, or is an error. */
  value(node: Expression, frame: Frame): Value | undefined {
    if (!this.isConstant(node, frame)) return undefined;
    const { compilation } = frame;
    const before = compilation.constant;
    const runtime = new Runtime({ steps: 10_000, memory: 100_000 });
    runtime.autoescape = compilation.autoescape;
    compilation.constant = true;
    try {
      const evaluate = this.#compile(node, { ...frame, soft: true });
      return evaluate(new Activation(new FunctionScope(), new Names(new Map()), runtime));
    } catch {
      return undefined;
    } finally {
      compilation.constant = before;
    }
  }
}

/** Whether Jinja2 keeps a value that it computed when it compiled. */
export function isKept(value: Value): boolean {
  if (value === null || typeof value !== "object") return true;
  const items = itemsOf(value);
  if (items) return items.every(isKept);
  if (value instanceof Dict) return [...value.entries()].every(([key, item]) => isKept(key) && isKept(item));
  return [Complex, Float, Markup, Range].some((kind) => value instanceof kind);
}

/** Gives a constant. Jinja2 writes them as Python source, in which infinity and what is no number have no name. */
export function giveConstant(value: Value): Evaluate {
  const name = unwritable(value);
  if (name === undefined) return () => value;
  return () => {
    throw new TemplateError("NameError", `name '${name}' is not defined`);
  };
}

function unwritable(value: Value): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (value instanceof Float) {
    return Number.isFinite(value.value) ? undefined : Number.isNaN(value.value) ? "nan" : "inf";
  }
  const items = value instanceof Dict ? [...value.entries()].flat() : (itemsOf(value) ?? []);
  for (const item of items) {
    const name = unwritable(item);
    if (name !== undefined) return name;
  }
  return undefined;
}
