// Parses expressions, with Jinja2's precedence.

import type {
  Arguments,
  BinaryOperator,
  CallNode,
  CompareOperator,
  Expression,
  FilterNode,
  Target,
} from "./ast.ts";
import type { TokenStream } from "./token-stream.ts";
import { describeToken } from "./tokens.ts";

const COMPARE: ReadonlySet<string> = new Set(["eq", "ne", "lt", "lteq", "gt", "gteq"]);
const RESERVED: ReadonlySet<string> = new Set(["true", "false", "none", "True", "False", "None"]);
const MULTIPLICATIVE = ["mul", "div", "floordiv", "mod"] as const;
const SYMBOLS: Readonly<Record<string, BinaryOperator>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  floordiv: "//",
  mod: "%",
  pow: "**",
};

/** How a tuple without parentheses is read. */
export interface TupleOptions {
  /** Names and literals only. */
  simplified?: boolean;
  /** Whether `a if b else c` may stand in it. Default true. */
  conditional?: boolean;
  /** In parentheses, where it may be empty. */
  parentheses?: boolean;
  /** Whether `namespace.attribute` may stand in it as a target. */
  namespaces?: boolean;
}

export function parseExpression(stream: TokenStream, conditional = true): Expression {
  return stream.nested(() => (conditional ? parseConditional(stream) : parseOr(stream)));
}

function parseConditional(stream: TokenStream): Expression {
  let { line } = stream.current;
  let node = parseOr(stream);
  while (stream.skipIf("name:if")) {
    const test = parseOr(stream);
    const otherwise = stream.skipIf("name:else") ? stream.nested(() => parseConditional(stream)) : undefined;
    node = { type: "Conditional", test, value: node, otherwise, line };
    line = stream.current.line;
  }
  return node;
}

function parseOr(stream: TokenStream): Expression {
  let { line } = stream.current;
  let left = parseAnd(stream);
  while (stream.skipIf("name:or")) {
    left = { type: "Or", left, right: parseAnd(stream), line };
    line = stream.current.line;
  }
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  let { line } = stream.current;
  let left = parseNot(stream);
  while (stream.skipIf("name:and")) {
    left = { type: "And", left, right: parseNot(stream), line };
    line = stream.current.line;
  }
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (!stream.is("name:not")) return parseCompare(stream);
  const { line } = stream.next();
  return { type: "Not", node: stream.nested(() => parseNot(stream)), line };
}

function parseCompare(stream: TokenStream): Expression {
  let { line } = stream.current;
  const left = parseSum(stream);
  const operands: { operator: CompareOperator; node: Expression }[] = [];
  for (;;) {
    const { type } = stream.current;
    if (COMPARE.has(type)) {
      stream.next();
      operands.push({ operator: type as CompareOperator, node: parseSum(stream) });
    } else if (stream.skipIf("name:in")) {
      operands.push({ operator: "in", node: parseSum(stream) });
    } else if (stream.is("name:not") && stream.followedBy("name:in")) {
      stream.next();
      stream.next();
      operands.push({ operator: "notin", node: parseSum(stream) });
    } else break;
    line = stream.current.line;
  }
  return operands.length === 0 ? left : { type: "Compare", left, operands, line };
}

function parseSum(stream: TokenStream): Expression {
  return parseBinary(stream, ["add", "sub"], parseConcat);
}

function parseConcat(stream: TokenStream): Expression {
  const { line } = stream.current;
  const nodes = [parseProduct(stream)];
  while (stream.skipIf("tilde")) nodes.push(parseProduct(stream));
  return nodes.length === 1 ? nodes[0] : { type: "Concat", nodes, line };
}

function parseProduct(stream: TokenStream): Expression {
  return parseBinary(stream, MULTIPLICATIVE, parsePower);
}

/** Left to right, as Jinja2 has it even here: 2 ** 3 ** 2 is 64. */
function parsePower(stream: TokenStream): Expression {
  return parseBinary(stream, ["pow"], (inner) => parseUnary(inner, true));
}

function parseBinary(
  stream: TokenStream,
  operators: readonly ("add" | "sub" | "pow" | (typeof MULTIPLICATIVE)[number])[],
  operand: (stream: TokenStream) => Expression,
): Expression {
  let { line } = stream.current;
  let left = operand(stream);
  while (stream.isType(...operators)) {
    const operator = SYMBOLS[stream.next().type];
    left = { type: "Binary", operator, left, right: operand(stream), line };
    line = stream.current.line;
  }
  return left;
}

function parseUnary(stream: TokenStream, filters: boolean): Expression {
  const { type, line } = stream.current;
  let node: Expression;
  if (type === "sub" || type === "add") {
    stream.next();
    const operand = stream.nested(() => parseUnary(stream, false));
    node = { type: type === "sub" ? "Negative" : "Positive", node: operand, line };
  } else node = parsePrimary(stream);
  node = parsePostfix(stream, node);
  return filters ? parseFilters(stream, node) : node;
}

/** A name, a literal, or something in brackets. */
export function parsePrimary(stream: TokenStream, namespaces = false): Expression {
  const { type, value, line } = stream.current;
  switch (type) {
    case "name":
      stream.next();
      return parseName(stream, value, line, namespaces);
    case "string": {
      let text = "";
      while (stream.isType("string")) text += stream.next().value;
      return { type: "Const", kind: "string", text, line };
    }
    case "integer":
    case "float":
      stream.next();
      return { type: "Const", kind: type, text: value, line };
    case "lparen": {
      stream.next();
      const node = stream.nested(() => parseTuple(stream, { parentheses: true }));
      stream.expect("rparen");
      return node;
    }
    case "lbracket":
      return stream.nested(() => parseList(stream));
    case "lbrace":
      return stream.nested(() => parseDict(stream));
    default:
      return stream.fail(`unexpected '${describeToken(stream.current)}'`);
  }
}

function parseName(stream: TokenStream, name: string, line: number, namespaces: boolean): Expression {
  if (RESERVED.has(name)) {
    return { type: "Const", kind: name.toLowerCase() as "none" | "true" | "false", text: name, line };
  }
  if (namespaces && stream.skipIf("dot")) {
    return { type: "NamespaceRef", name, attribute: stream.expect("name").value, line };
  }
  return { type: "Name", name, context: "load", line };
}

/** One expression, or a tuple where commas follow. */
export function parseTuple(stream: TokenStream, options: TupleOptions = {}): Expression {
  let { line } = stream.current;
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0) stream.expect("comma");
    if (stream.isType("variable_end", "block_end", "rparen")) break;
    items.push(
      options.simplified
        ? parsePrimary(stream, options.namespaces)
        : parseExpression(stream, options.conditional),
    );
    if (!stream.isType("comma")) break;
    isTuple = true;
    line = stream.current.line;
  }
  if (!isTuple) {
    if (items.length > 0) return items[0];
    if (!options.parentheses) stream.fail(`Expected an expression, got '${describeToken(stream.current)}'`);
  }
  return { type: "Tuple", items, line };
}

/** Items between brackets or braces, with an optional comma at the end. */
function parseItems(stream: TokenStream, end: "rbracket" | "rbrace", item: () => void): void {
  let first = true;
  while (!stream.isType(end)) {
    if (!first) stream.expect("comma");
    if (stream.isType(end)) break;
    item();
    first = false;
  }
  stream.expect(end);
}

function parseList(stream: TokenStream): Expression {
  const { line } = stream.expect("lbracket");
  const items: Expression[] = [];
  parseItems(stream, "rbracket", () => items.push(parseExpression(stream)));
  return { type: "List", items, line };
}

function parseDict(stream: TokenStream): Expression {
  const { line } = stream.expect("lbrace");
  const items: { key: Expression; value: Expression }[] = [];
  parseItems(stream, "rbrace", () => {
    const key = parseExpression(stream);
    stream.expect("colon");
    items.push({ key, value: parseExpression(stream) });
  });
  return { type: "Dict", items, line };
}

function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    if (stream.isType("dot", "lbracket")) node = parseSubscript(stream, node);
    else if (stream.isType("lparen")) node = parseCall(stream, node);
    else return node;
  }
}

function parseFilters(stream: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    if (stream.isType("pipe")) {
      stream.next();
      node = parseFilter(stream, node);
    } else if (stream.is("name:is")) node = parseTest(stream, node);
    else if (stream.isType("lparen")) node = parseCall(stream, node);
    else return node;
  }
}

function parseSubscript(stream: TokenStream, node: Expression): Expression {
  const { type, line } = stream.next();
  if (type === "dot") {
    const attribute = stream.next();
    if (attribute.type === "name") return { type: "Attribute", node, name: attribute.value, line };
    if (attribute.type !== "integer") stream.fail("expected name or number", attribute.line);
    const key: Expression = { type: "Const", kind: "integer", text: attribute.value, line: attribute.line };
    return { type: "Item", node, key, line };
  }
  const keys: Expression[] = [];
  while (!stream.isType("rbracket")) {
    if (keys.length > 0) stream.expect("comma");
    keys.push(parseSubscribed(stream));
  }
  stream.expect("rbracket");
  return {
    type: "Item",
    node,
    key: keys.length === 1 ? keys[0] : { type: "Tuple", items: keys, line },
    line,
  };
}

/** An index, or a slice. */
function parseSubscribed(stream: TokenStream): Expression {
  const { line } = stream.current;
  let start: Expression | undefined;
  if (!stream.isType("colon")) {
    start = parseExpression(stream);
    if (!stream.isType("colon")) return start;
  }
  stream.next();
  const stop = stream.isType("colon", "rbracket", "comma") ? undefined : parseExpression(stream);
  let step: Expression | undefined;
  if (stream.skipIf("colon") && !stream.isType("rbracket", "comma")) step = parseExpression(stream);
  return { type: "Slice", start, stop, step, line };
}

function parseArguments(stream: TokenStream): Arguments {
  const { line } = stream.expect("lparen");
  const args: Expression[] = [];
  const kwargs: { key: string; value: Expression }[] = [];
  let spread: Expression | undefined;
  let spreadKwargs: Expression | undefined;
  const ensure = (holds: boolean) => {
    if (!holds) stream.fail("invalid syntax for function call expression", line);
  };
  let first = true;
  while (!stream.isType("rparen")) {
    if (!first) {
      stream.expect("comma");
      if (stream.isType("rparen")) break;
    }
    first = false;
    if (stream.isType("mul")) {
      ensure(!spread && !spreadKwargs);
      stream.next();
      spread = parseExpression(stream);
    } else if (stream.isType("pow")) {
      ensure(!spreadKwargs);
      stream.next();
      spreadKwargs = parseExpression(stream);
    } else if (stream.isType("name") && stream.followedBy("assign")) {
      ensure(!spreadKwargs);
      const key = stream.next().value;
      stream.next();
      kwargs.push({ key, value: parseExpression(stream) });
    } else {
      ensure(!spread && !spreadKwargs && kwargs.length === 0);
      args.push(parseExpression(stream));
    }
  }
  stream.expect("rparen");
  return { args, kwargs, spread, spreadKwargs };
}

function parseCall(stream: TokenStream, node: Expression): CallNode {
  const { line } = stream.current;
  return { type: "Call", node, line, ...parseArguments(stream) };
}

function dottedName(stream: TokenStream): string {
  let name = stream.expect("name").value;
  while (stream.skipIf("dot")) name += `.${stream.expect("name").value}`;
  return name;
}

/** A filter behind its bar, or at the start of a filter block; and those that follow it. */
export function parseFilter(stream: TokenStream, start: Expression | undefined): FilterNode {
  let node = start;
  for (;;) {
    const { line } = stream.current;
    const name = dottedName(stream);
    const given = stream.isType("lparen") ? parseArguments(stream) : { args: [], kwargs: [] };
    const filter: FilterNode = { type: "Filter", node, name, line, ...given };
    if (!stream.skipIf("pipe")) return filter;
    node = filter;
  }
}

function parseTest(stream: TokenStream, node: Expression): Expression {
  const { line } = stream.next();
  const negated = stream.skipIf("name:not");
  const name = dottedName(stream);
  let given: Arguments = { args: [], kwargs: [] };
  if (stream.isType("lparen")) given = parseArguments(stream);
  else if (
    stream.isType("name", "string", "integer", "float", "lbracket", "lbrace") &&
    !stream.isAny(["name:else", "name:or", "name:and"])
  ) {
    if (stream.is("name:is")) stream.fail("You cannot chain multiple tests with is");
    given = { args: [parsePostfix(stream, parsePrimary(stream))], kwargs: [] };
  }
  const test: Expression = { type: "Test", node, name, line, ...given };
  return negated ? { type: "Not", node: test, line } : test;
}

/** A target of an assignment: names, tuples of them, attributes of namespaces where allowed. */
export function parseTarget(stream: TokenStream, options: TupleOptions = {}): Target {
  const target = parseTuple(stream, { ...options, simplified: true });
  toTarget(stream, target);
  return target as Target;
}

/** The name that a macro, a parameter or an import gets. */
export function parseTargetName(stream: TokenStream): string {
  const { value, line } = stream.expect("name");
  if (RESERVED.has(value)) stream.fail("can't assign to 'name'", line);
  return value;
}

function toTarget(stream: TokenStream, node: Expression): void {
  if (node.type === "Tuple") for (const item of node.items) toTargetItem(stream, item, node);
  else toTargetItem(stream, node, node);
}

function toTargetItem(stream: TokenStream, node: Expression, whole: Expression): void {
  if (node.type === "Name") node.context = "store";
  else if (node.type === "Tuple") for (const item of node.items) toTargetItem(stream, item, whole);
  else if (node.type !== "NamespaceRef") {
    const kind = whole.type === "Item" ? "getitem" : whole.type.toLowerCase();
    stream.fail(`can't assign to '${kind}'`, whole.line);
  }
}
