// Turns expressions into functions that evaluate them.

import type { Arguments, CompareOperator, Expression, FilterNode, TestNode } from "./ast.ts";
import { callValue, getAttribute, getItem } from "./attributes.ts";
import { callDefined, type Defined } from "./call-filter.ts";
import { compare, contains, equals } from "./comparison.ts";
import { giveConstant, isKept } from "./constant.ts";
import { Dict } from "./dict.ts";
import { isError, TemplateError, typeError } from "./errors.ts";
import { type Activation, type Evaluate, type Frame, reader, variableOf } from "./frame.ts";
import { intOf, parseFloatText, parseInteger, signed } from "./numbers.ts";
import { binary, concat } from "./operators.ts";
import { quote, str, toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { Slice, subscript } from "./subscript.ts";
import {
  Float,
  iterate,
  type Kwargs,
  Markup,
  NO_KWARGS,
  Tuple,
  textOf,
  truth,
  typeName,
  Undefined,
  undefinedIn,
  type Value,
} from "./values.ts";

/** Compiles an expression. */
export function compileExpression(node: Expression, frame: Frame): Evaluate {
  const { compilation } = frame;
  if (FOLDED.has(node.type) && !compilation.constant && compilation.constants.isConstant(node, frame)) {
    const value = compilation.constants.value(node, frame);
    if (value !== undefined && isKept(value)) return giveConstant(value);
  }
  return compileKind(node, frame);
}

/** What Jinja2 computes when it compiles. */
const FOLDED: ReadonlySet<string> = new Set([
  ..."And Or Not Negative Positive Binary Concat Compare Filter Test Item Attribute Conditional".split(" "),
]);

function compileKind(node: Expression, frame: Frame): Evaluate {
  switch (node.type) {
    case "Const": {
      const value = constantOf(node.kind, node.text, node.line);
      return frame.compilation.constant ? () => value : giveConstant(value);
    }
    case "Name":
      return compileName(node.name, node.line, frame);
    case "Tuple": {
      const items = compileAll(node.items, frame);
      return (a) => new Tuple(items.map((item) => item(a)));
    }
    case "List": {
      const items = compileAll(node.items, frame);
      return (a) => {
        a.runtime.budget.hold(items.length);
        return items.map((item) => item(a));
      };
    }
    case "Dict": {
      const items = node.items.map(({ key, value }) => [
        compileExpression(key, frame),
        compileExpression(value, frame),
      ]);
      return (a) => {
        a.runtime.budget.hold(items.length);
        const dict = new Dict();
        for (const [key, value] of items) dict.set(key(a), value(a));
        return dict;
      };
    }
    case "Conditional":
      return compileConditional(node, { ...frame, soft: true });
    case "And":
    case "Or": {
      const left = compileExpression(node.left, frame);
      const stop = node.type === "Or";
      const right = compileRight(node, frame, stop);
      return (a) => {
        const value = left(a);
        return truth(value) === stop ? value : right(a);
      };
    }
    case "Not": {
      const operand = compileExpression(node.node, frame);
      return (a) => !truth(operand(a));
    }
    case "Negative":
    case "Positive": {
      const operand = compileExpression(node.node, frame);
      const operator = node.type === "Negative" ? "-" : "+";
      return (a) => signed(operator, operand(a));
    }
    case "Binary": {
      const [left, right] = compileAll([node.left, node.right], frame);
      const { operator } = node;
      if (operator === "**" && isNegativeConstant(node.left, frame)) {
        // Jinja2 writes the constant as Python source without brackets, and -2 ** x is -(2 ** x) there.
        return (a) => signed("-", binary("**", signed("-", left(a)), right(a), a.runtime));
      }
      return (a) => binary(operator, left(a), right(a), a.runtime);
    }
    case "Slice":
      if (frame.compilation.constant) return compileSlice(node, frame);
      // Within a tuple of keys Python cannot read it.
      throw new TemplateError("SyntaxError", "invalid syntax", node.line);
    case "Concat":
      return compileConcat(compileAll(node.nodes, frame), frame);
    case "Compare":
      return compileCompare(node, frame);
    case "Attribute": {
      const object = compileExpression(node.node, frame);
      const { name } = node;
      return (a) => getAttribute(object(a), name, a.runtime);
    }
    case "Item":
      return compileItem(node.node, node.key, frame);
    case "Call":
      return compileCall(compileExpression(node.node, frame), compileArguments(node, frame));
    case "Filter":
      return compileFilter(node, frame, undefined);
    case "Test":
      return compileDefined(node, compileExpression(node.node, frame), "test", frame);
    case "NamespaceRef":
      throw new TemplateError("SyntaxError", "a field of a namespace is no value", node.line);
  }
}

/** What `and` or `or` comes to behind its left side; a constant left side may make it unneeded, as in Jinja2. */
function compileRight(node: Expression & { type: "And" | "Or" }, frame: Frame, stop: boolean): Evaluate {
  try {
    return compileExpression(node.right, frame);
  } catch (error) {
    const left = isError(error, "TemplateAssertionError")
      ? frame.compilation.constants.value(node.left, frame)
      : undefined;
    if (left === undefined || truth(left) !== stop) throw error;
    return () => left;
  }
}

function compileAll(nodes: readonly Expression[], frame: Frame): Evaluate[] {
  return nodes.map((node) => compileExpression(node, frame));
}

function constantOf(kind: string, text: string, line: number): Value {
  try {
    if (kind === "integer") return parseInteger(text, 0);
    if (kind === "float") return new Float(parseFloatText(text));
  } catch (error) {
    if (error instanceof TemplateError) error.line = line;
    throw error;
  }
  if (kind === "string") return text;
  return kind === "none" ? null : kind === "true";
}

function compileName(name: string, line: number, frame: Frame): Evaluate {
  const variable = variableOf(frame, name, line);
  const read = reader(frame, variable);
  const load = frame.symbols.findLoad(variable);
  if (load?.how === "parameter" && !frame.compilation.unset.has(variable)) return read as Evaluate;
  return (a) => {
    const value = read(a);
    return value === undefined ? undefinedIn(a.runtime, () => `${quote(name)} is undefined`) : value;
  };
}

function compileConditional(node: Expression & { type: "Conditional" }, frame: Frame): Evaluate {
  const test = compileExpression(node.test, frame);
  const then = compileExpression(node.value, frame);
  const message = `the inline if-expression on line ${node.line} evaluated to false and no else section was defined.`;
  const otherwise: Evaluate = node.otherwise
    ? compileExpression(node.otherwise, frame)
    : (a) => undefinedIn(a.runtime, message);
  return (a) => (truth(test(a)) ? then(a) : otherwise(a));
}

function compileConcat(parts: Evaluate[], { compilation }: Frame): Evaluate {
  const markup = compilation.autoescape && !compilation.volatile;
  return (a) => {
    const { runtime } = a;
    const values = parts.map((part) => part(a));
    if (markup && values.some((value) => value instanceof Markup)) {
      return new Markup(
        values.reduce((text: string, value) => concat(text, toMarkup(value, runtime).value, runtime), ""),
      );
    }
    let text = str(values[0], runtime);
    for (let i = 1; i < values.length; i++) text = concat(text, str(values[i], runtime), runtime);
    return text;
  };
}

const COMPARE: Readonly<Record<CompareOperator, (a: Value, b: Value, runtime: Runtime) => boolean>> = {
  eq: equals,
  ne: (a, b, runtime) => !equals(a, b, runtime),
  lt: (a, b, runtime) => compare("<", a, b, runtime),
  lteq: (a, b, runtime) => compare("<=", a, b, runtime),
  gt: (a, b, runtime) => compare(">", a, b, runtime),
  gteq: (a, b, runtime) => compare(">=", a, b, runtime),
  in: (a, b, runtime) => contains(b, a, runtime),
  notin: (a, b, runtime) => !contains(b, a, runtime),
};

function compileCompare(node: Expression & { type: "Compare" }, frame: Frame): Evaluate {
  const first = compileExpression(node.left, frame);
  const operands = node.operands.map((operand) => ({
    holds: COMPARE[operand.operator],
    value: compileExpression(operand.node, frame),
  }));
  if (operands.length === 1) {
    const [{ holds, value }] = operands;
    return (a) => holds(first(a), value(a), a.runtime);
  }
  return (a) => {
    let left = first(a);
    for (const { holds, value } of operands) {
      const right = value(a);
      if (!holds(left, right, a.runtime)) return false;
      left = right;
    }
    return true;
  };
}

/** Whether Jinja2 computes the value when it compiles, and it begins with a minus. */
function isNegativeConstant(node: Expression, frame: Frame): boolean {
  const { compilation } = frame;
  if (compilation.constant || !FOLDED.has(node.type)) return false;
  const value = compilation.constants.value(node, frame);
  if (value instanceof Float) return value.value < 0 || Object.is(value.value, -0);
  const int = value === undefined ? undefined : intOf(value);
  return int !== undefined && int < 0;
}

function compileItem(node: Expression, key: Expression, frame: Frame): Evaluate {
  const object = compileExpression(node, frame);
  if (key.type === "Slice" && !frame.compilation.constant) {
    const slice = compileSlice(key, frame);
    return (a) => subscript(object(a), slice(a), a.runtime);
  }
  const index = compileExpression(key, frame);
  return (a) => getItem(object(a), index(a), a.runtime);
}

function compileSlice(node: Expression & { type: "Slice" }, frame: Frame): Evaluate {
  const part = (one: Expression | undefined): Evaluate => (one ? compileExpression(one, frame) : () => null);
  const [start, stop, step] = [part(node.start), part(node.stop), part(node.step)];
  return (a) => new Slice(start(a), stop(a), step(a));
}

/** The arguments of a call, when it runs. */
type Gather = (activation: Activation, first?: Value) => [args: Value[], kwargs: Kwargs];

const PYTHON_KEYWORDS: ReadonlySet<string> = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global " +
    "if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Compiles the arguments of a call, a filter or a test. */
export function compileArguments(
  node: Arguments & { line: number },
  frame: Frame,
  caller?: Evaluate,
): Gather {
  const args = compileAll(node.args, frame);
  const kwargs = node.kwargs.map(({ key, value }): [string, Evaluate] => [
    key,
    compileExpression(value, frame),
  ]);
  if (caller) kwargs.push(["caller", caller]);
  const keys = kwargs.map(([key]) => key);
  const repeated = keys.find((key, i) => keys.indexOf(key) !== i);
  if (repeated !== undefined && !keys.some((key) => PYTHON_KEYWORDS.has(key))) {
    throw new TemplateError("SyntaxError", `keyword argument repeated: ${repeated}`, node.line);
  }
  const spread = node.spread && compileExpression(node.spread, frame);
  const spreadKwargs = node.spreadKwargs && compileExpression(node.spreadKwargs, frame);
  if (kwargs.length === 0 && !spread && !spreadKwargs) {
    return (a, first) => [
      first === undefined ? args.map((arg) => arg(a)) : [first, ...args.map((arg) => arg(a))],
      NO_KWARGS,
    ];
  }
  return (a, first) => {
    const values = args.map((arg) => arg(a));
    if (first !== undefined) values.unshift(first);
    if (spread) addSpread(values, spread(a), a.runtime);
    const named = new Map<string, Value>();
    for (const [key, value] of kwargs) named.set(key, value(a));
    if (spreadKwargs) addSpreadKwargs(named, spreadKwargs(a));
    return [values, named];
  };
}

function addSpread(values: Value[], spread: Value, runtime: Runtime): void {
  if (spread === null || (typeof spread !== "object" && typeof spread !== "string")) {
    throw typeError(`Value after * must be an iterable, not ${typeName(spread)}`);
  }
  for (const value of iterate(spread)) {
    runtime.budget.hold(1);
    values.push(value);
  }
}

function addSpreadKwargs(named: Map<string, Value>, spread: Value): void {
  if (spread instanceof Undefined) spread.fail();
  if (!(spread instanceof Dict))
    throw typeError(`argument after ** must be a mapping, not ${typeName(spread)}`);
  for (const [key, value] of spread.entries()) {
    const name = textOf(key);
    if (name === undefined) throw typeError("keywords must be strings");
    if (named.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
    named.set(name, value);
  }
}

/** Compiles a call. */
export function compileCall(callee: Evaluate, gather: Gather): Evaluate {
  return (a) => {
    const called = callee(a);
    const [args, kwargs] = gather(a);
    return callValue(called, args, kwargs, a.runtime);
  };
}

/** Compiles a filter; one at the start of a chain without a value is applied to `body`. */
export function compileFilter(node: FilterNode, frame: Frame, body: Evaluate | undefined): Evaluate {
  const { node: inner } = node;
  const operand = inner
    ? inner.type === "Filter" && body
      ? compileFilter(inner, frame, body)
      : compileExpression(inner, frame)
    : (body as Evaluate);
  return compileDefined(node, operand, "filter", frame);
}

function compileDefined(
  node: FilterNode | TestNode,
  operand: Evaluate,
  kind: "filter" | "test",
  frame: Frame,
): Evaluate {
  const { name, line } = node;
  const gather = compileArguments(node, frame);
  const defined: Defined | undefined = frame.compilation[kind === "filter" ? "filters" : "tests"].get(name);
  if (defined) {
    return (a) => {
      const [args, kwargs] = gather(a, operand(a));
      return callDefined(name, defined, args, kwargs, a.runtime);
    };
  }
  if (!frame.soft) {
    throw new TemplateError("TemplateAssertionError", `No ${kind} named ${quote(name)}.`, line);
  }
  return () => {
    throw new TemplateError("TemplateRuntimeError", `No ${kind} named ${quote(name)} found.`);
  };
}
