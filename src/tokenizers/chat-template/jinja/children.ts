// The children of each node in the order in which Jinja2 visits them, and searches through a tree.

import type { Arguments, Expression, OutputPart, Statement } from "./ast.ts";

export type Node = Statement | OutputPart;

function* argumentsOf(node: Arguments): Generator<Node> {
  yield* node.args;
  for (const { value } of node.kwargs) yield value;
  if (node.spread) yield node.spread;
  if (node.spreadKwargs) yield node.spreadKwargs;
}

/** How many steps it counts for to run these once; the bodies inside them count for themselves. */
export function costOf(nodes: readonly Node[]): number {
  let count = 0;
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    count++;
    const bodies = new Set<Node>("body" in node ? node.body : []);
    if ("body" in node && "otherwise" in node) for (const statement of node.otherwise) bodies.add(statement);
    for (const child of childrenOf(node)) if (!bodies.has(child)) open.push(child);
  }
  return Math.ceil(count / 8);
}

/** The children of a node. The order decides which use of a name counts as its first. */
export function* childrenOf(node: Node): Generator<Node> {
  switch (node.type) {
    case "Data":
    case "Const":
    case "Name":
    case "NamespaceRef":
    case "Break":
    case "Continue":
      return;
    case "Output":
    case "Concat":
      yield* node.nodes;
      return;
    case "Tuple":
    case "List":
      yield* node.items;
      return;
    case "Dict":
      for (const { key, value } of node.items) {
        yield key;
        yield value;
      }
      return;
    case "Conditional":
      yield* present(node.test, node.value, node.otherwise);
      return;
    case "And":
    case "Or":
    case "Binary":
      yield* [node.left, node.right];
      return;
    case "Not":
    case "Negative":
    case "Positive":
    case "Attribute":
      yield node.node;
      return;
    case "Compare":
      yield node.left;
      for (const operand of node.operands) yield operand.node;
      return;
    case "Item":
      yield* [node.node, node.key];
      return;
    case "Slice":
      yield* present(node.start, node.stop, node.step);
      return;
    case "Call":
    case "Filter":
    case "Test":
      if (node.node) yield node.node;
      yield* argumentsOf(node);
      return;
    case "For":
      yield* [node.target, node.iterable, ...node.body, ...node.otherwise];
      if (node.test) yield node.test;
      return;
    case "If":
      yield* [node.test, ...node.body, ...node.elifs, ...node.otherwise];
      return;
    case "Macro":
      yield* [...node.params, ...node.defaults, ...node.body];
      return;
    case "CallBlock":
      if (node.call) yield node.call;
      yield* [...node.params, ...node.defaults, ...node.body];
      return;
    case "Block":
      yield* node.body;
      return;
    case "With":
      yield* [...node.targets, ...node.values, ...node.body];
      return;
    case "FilterBlock":
      yield* [...node.body, node.filter];
      return;
    case "Autoescape":
      yield* [node.value, ...node.body];
      return;
    case "Assign":
      yield* [node.target, node.node];
      return;
    case "AssignBlock":
      yield* [...present(node.target, node.filter), ...node.body];
      return;
    default:
      yield node.template;
  }
}

function present(...nodes: (Expression | undefined)[]): Expression[] {
  return nodes.filter((node) => node !== undefined);
}

/** All nodes under these, depth first; `into` says whether to look into one. */
export function* walk(nodes: Iterable<Node>, into: (node: Node) => boolean = () => true): Generator<Node> {
  for (const node of nodes) {
    yield node;
    if (into(node)) yield* walk(childrenOf(node), into);
  }
}

/** Which of these names are read before anything assigns them; blocks are not looked into. */
export function findUndeclared(nodes: Iterable<Node>, names: readonly string[]): Set<string> {
  const wanted = new Set(names);
  const found = new Set<string>();
  for (const node of walk(nodes, (each) => each.type !== "Block")) {
    if (node.type !== "Name") continue;
    if (node.context === "load" && wanted.has(node.name)) found.add(node.name);
    else wanted.delete(node.name);
  }
  return found;
}
