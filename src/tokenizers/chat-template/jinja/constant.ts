// The values of expressions that are known before a template runs.

import type { Expression } from "./ast.ts";
import { walk } from "./children.ts";
import { compileExpression } from "./compile-expression.ts";
import { Activation, type Frame, Names } from "./frame.ts";
import { Runtime } from "./runtime.ts";
import { FunctionScope } from "./symbols.ts";
import type { Value } from "./values.ts";

const VARIABLE: ReadonlySet<string> = new Set(["Name", "NamespaceRef", "Call"]);

/** Whether an expression has no part whose value may change. */
export function isConstant(node: Expression, frame: Frame): boolean {
  for (const part of walk([node])) {
    if (VARIABLE.has(part.type)) return false;
    if (part.type === "Filter" || part.type === "Test") {
      if (frame.compilation.volatile || typeof frame.compilation.filters.get(part.name) === "function")
        return false;
    }
  }
  return true;
}

/** The value of a constant expression; undefined where it is none, or is an error. */
export function constantValue(node: Expression, frame: Frame): Value | undefined {
  if (!isConstant(node, frame)) return undefined;
  const names = new Names(new Map());
  const runtime = new Runtime({ steps: 10_000, memory: 100_000 });
  runtime.autoescape = frame.compilation.autoescape;
  try {
    return compileExpression(node, frame)(new Activation(new FunctionScope(), names, runtime));
  } catch {
    return undefined;
  }
}
