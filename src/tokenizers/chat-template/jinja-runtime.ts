// Makes @huggingface/jinja behave as Python's Jinja2 where the two differ.

import {
  applyFilter,
  contains,
  dictMethod,
  type FilterHost,
  itemsOf,
  passes,
  truth,
} from "./jinja-filters.ts";
import { Environment, Interpreter, type Node, type Scope, type Value } from "./jinja-package.ts";
import { percentFormat, pythonStr, stringMethod } from "./python-text.ts";
import { compare, describe, dictKey, equal, isList, isNumeric } from "./python-values.ts";

// What is changed, each by a case that a published template or a stored render shows:
//  - what is printed is Python's str(): None, True, ['a'], {'k': 1} ({{ none }} prints "None", not nothing)
//  - an attribute of something undefined is an error ({{ messages[0].role }} without messages)
//  - "text" + list, or + None, is an error and never "[object Object]"
//  - strip, lstrip, rstrip take the characters to strip; split, replace, title … follow Python
//  - == compares by type and contents ([] == [], '1' != 1, undefined != none); `in` likewise
//  - for runs over text and over what is undefined; names set inside the body last one iteration; text written before
//    `continue` and `break` stays
//  - macros see the variables of where they are defined, not of where they are called
//  - dict.items is the method, not an entry of that name; keys may be integers; another key finds nothing
//  - filters and tests that the package lacks (map with a filter, select, reject, min, sum, `is in`, …)

/** `break` and `continue` on their way to the loop. */
class LoopSignal extends Error {
  readonly kind: "break" | "continue";
  /** What the body had written before. */
  output = "";
  constructor(kind: "break" | "continue") {
    super(`${kind} outside of a loop`);
    this.kind = kind;
  }
}

const DICT_METHODS = new Set(["get", "items", "keys", "values"]);
const MAX_REPEATED = 1_000_000;

/** An interpreter with Python's manners, for programs made by `prepareProgram`. */
export class PythonInterpreter extends Interpreter {
  private readonly host: FilterHost = this.createHost();

  private createHost(): FilterHost {
    const maker = new Environment();
    const make = (value: unknown): Value => {
      maker.variables.delete("value");
      return maker.set("value", value);
    };
    return {
      nothing: make(undefined),
      make,
      list: (items) => Object.assign(make([]), { value: [...items] }),
      packageFilter: (name, operand, args) => {
        const callee = { type: "Identifier", value: name };
        const filter = args.length === 0 ? callee : { type: "CallExpression", callee, args: args.map(ready) };
        return super.evaluate({ type: "FilterExpression", operand: ready(operand), filter }, this.global);
      },
      packageTest: (name, operand) => {
        const test = { type: "Identifier", value: name };
        const node = { type: "TestExpression", negate: false, test, operand: ready(operand) };
        return super.evaluate(node, this.global).value as boolean;
      },
    };
  }

  override evaluate(node: Node | undefined, scope: Scope): Value {
    const { make, nothing } = this.host;
    if (!node) return nothing;
    switch (node.type) {
      case "Ready":
        return node.value as Value;
      case "Output":
        return make(pythonStr(this.evaluate(node.expression as Node, scope)));
      case "Block":
        return make(this.block(node.statements as Node[], scope));
      case "Break":
        throw new LoopSignal("break");
      case "Continue":
        throw new LoopSignal("continue");
      case "For":
        return make(this.loop(node, scope));
      case "Macro":
        return this.macro(node, scope);
      case "MemberExpression":
        return this.member(node, this.evaluate(node.object as Node, scope), scope);
      case "CallExpression":
        return this.call(node, scope);
      case "FilterExpression":
        return this.filter(node, scope);
      case "TestExpression": {
        const operand = this.evaluate(node.operand as Node, scope);
        return make(passes(this.host, String((node.test as Node).value), operand, []) !== node.negate);
      }
      case "BinaryExpression":
        return this.binary(node, scope);
      case "ObjectLiteral": {
        const entries = new Map<string, Value>();
        for (const [keyNode, valueNode] of node.value as Map<Node, Node>) {
          const key = this.evaluate(keyNode, scope);
          const kept = dictKey(key);
          if (kept === undefined) throw new Error(`${describe(key)} cannot be a key of a dict`);
          entries.set(kept, this.evaluate(valueNode, scope));
        }
        return Object.assign(make({}), { value: entries });
      }
      default:
        return super.evaluate(node, scope);
    }
  }

  private block(statements: readonly Node[], scope: Scope): string {
    let out = "";
    for (const statement of statements) {
      try {
        const value = this.evaluate(statement, scope);
        if (value.type === "StringValue") out += value.value;
      } catch (signal) {
        if (signal instanceof LoopSignal) signal.output = out + signal.output;
        throw signal;
      }
    }
    return out;
  }

  /** Gives one name, or several, their values. */
  private bind(target: Node, value: Value, scope: Scope): void {
    if (target.type === "Identifier") {
      scope.setVariable(target.value as string, value);
      return;
    }
    const targets = target.value as Node[];
    const values = itemsOf(this.host, value);
    if (targets.length !== values.length) {
      throw new Error(`expected ${targets.length} values to unpack but found ${values.length}`);
    }
    targets.forEach((part, i) => {
      this.bind(part, values[i], scope);
    });
  }

  private loop(node: Node, scope: Scope): string {
    const { make, nothing } = this.host;
    const target = node.loopvar as Node;
    const iterable = node.iterable as Node;
    const filtered = iterable.type === "SelectExpression";
    let items = itemsOf(this.host, this.evaluate((filtered ? iterable.lhs : iterable) as Node, scope));
    if (filtered) {
      items = items.filter((item) => {
        const inner = new Environment(scope);
        this.bind(target, item, inner);
        return truth(this.evaluate(iterable.test as Node, inner));
      });
    }
    if (items.length === 0) return this.block(node.defaultBlock as Node[], scope);
    let out = "";
    for (let i = 0; i < items.length; i++) {
      const inner = new Environment(scope);
      const loop = make({
        index: i + 1,
        index0: i,
        revindex: items.length - i,
        revindex0: items.length - i - 1,
        first: i === 0,
        last: i === items.length - 1,
        length: items.length,
        cycle: (...values: unknown[]) => values[i % values.length],
      });
      (loop.value as Map<string, Value>).set("previtem", items[i - 1] ?? nothing);
      (loop.value as Map<string, Value>).set("nextitem", items[i + 1] ?? nothing);
      inner.setVariable("loop", loop);
      this.bind(target, items[i], inner);
      try {
        out += this.block(node.body as Node[], inner);
      } catch (signal) {
        if (!(signal instanceof LoopSignal)) throw signal;
        out += signal.output;
        if (signal.kind === "break") break;
      }
    }
    return out;
  }

  private macro(node: Node, scope: Scope): Value {
    const result = super.evaluate(node, scope);
    const macro = scope.lookupVariable(String((node.name as Node).value));
    const call = macro.value as (args: Value[], scope: Scope) => Value;
    macro.value = (args: Value[], calledFrom: Scope) => {
      const own = new Environment(scope);
      const caller = calledFrom.variables.get("caller");
      if (caller) own.setVariable("caller", caller);
      return call(args, own);
    };
    return result;
  }

  private member(node: Node, object: Value, scope: Scope): Value {
    const { make, nothing } = this.host;
    const property = node.property as Node;
    if (object.type === "UndefinedValue") {
      throw new Error(`${source(node.object as Node)} is undefined, so it has no ${source(property)}`);
    }
    if (node.computed && property.type === "SliceExpression") {
      return super.evaluate({ ...node, object: ready(object) }, scope);
    }
    const key = node.computed ? this.evaluate(property, scope) : make(property.value);
    if (object.type === "ObjectValue") {
      const name = dictKey(key);
      if (name === undefined) return nothing;
      const entry = (object.value as Map<string, Value>).get(name);
      const method = DICT_METHODS.has(name) ? object.builtins.get(name) : undefined;
      return (node.computed ? (entry ?? method) : (method ?? entry)) ?? nothing;
    }
    if (key.type === "IntegerValue" && (object.type === "StringValue" || isList(object))) {
      return itemsOf(this.host, object).at(key.value as number) ?? nothing;
    }
    if (key.type !== "StringValue") return nothing;
    return super.evaluate({ ...node, computed: true, object: ready(object), property: ready(key) }, scope);
  }

  /** Positional and named arguments of a call or a filter. */
  private args(nodes: readonly Node[], scope: Scope): [Value[], Map<string, Value>] {
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    for (const node of nodes) {
      if (node.type === "KeywordArgumentExpression") {
        named.set(String((node.key as Node).value), this.evaluate(node.value as Node, scope));
      } else if (node.type === "SpreadExpression") {
        positional.push(...itemsOf(this.host, this.evaluate(node.argument as Node, scope)));
      } else {
        positional.push(this.evaluate(node, scope));
      }
    }
    return [positional, named];
  }

  private call(node: Node, scope: Scope): Value {
    const callee = node.callee as Node;
    if (callee.type !== "MemberExpression") return super.evaluate(node, scope);
    const object = this.evaluate(callee.object as Node, scope);
    if (!callee.computed && object.type === "StringValue") {
      const [args, named] = this.args(node.args as Node[], scope);
      const method = String((callee.property as Node).value);
      return this.host.make(stringMethod(object.value as string, method, args, named));
    }
    if (!callee.computed && object.type === "ObjectValue") {
      const method = String((callee.property as Node).value);
      if (DICT_METHODS.has(method)) {
        return dictMethod(this.host, object, method, this.args(node.args as Node[], scope)[0]);
      }
    }
    return super.evaluate({ ...node, callee: ready(this.member(callee, object, scope)) }, scope);
  }

  private filter(node: Node, scope: Scope): Value {
    const operand = this.evaluate(node.operand as Node, scope);
    const filter = node.filter as Node;
    const isCall = filter.type === "CallExpression";
    const name = String((isCall ? (filter.callee as Node) : filter).value);
    const [args, named] = isCall ? this.args(filter.args as Node[], scope) : [[], new Map<string, Value>()];
    // A filter of the package reads its named arguments from the tree itself.
    const packageFilter: FilterHost["packageFilter"] = (called, value, list) =>
      called === name && value === operand
        ? super.evaluate({ ...node, operand: ready(operand) }, scope)
        : this.host.packageFilter(called, value, list);
    return applyFilter({ ...this.host, packageFilter }, name, operand, args, named);
  }

  private binary(node: Node, scope: Scope): Value {
    const { make, list } = this.host;
    const operator = (node.operator as { value: string }).value;
    if (operator === "and" || operator === "or") return super.evaluate(node, scope);
    const left = this.evaluate(node.left as Node, scope);
    const right = this.evaluate(node.right as Node, scope);
    switch (operator) {
      case "==":
        return make(equal(left, right));
      case "!=":
        return make(!equal(left, right));
      case "in":
        return make(contains(this.host, right, left));
      case "not in":
        return make(!contains(this.host, right, left));
      case "~":
        return make(pythonStr(left) + pythonStr(right));
      case "<":
        return make(compare(left, right) < 0);
      case "<=":
        return make(compare(left, right) <= 0);
      case ">":
        return make(compare(left, right) > 0);
      case ">=":
        return make(compare(left, right) >= 0);
      case "+":
        if (left.type === "StringValue" && right.type === "StringValue") {
          return make((left.value as string) + (right.value as string));
        }
        if (isList(left) && left.type === right.type) {
          return list([...(left.value as Value[]), ...(right.value as Value[])]);
        }
        break;
      case "*": {
        const [text, times] = left.type === "IntegerValue" ? [right, left] : [left, right];
        if (text.type === "StringValue" && times.type === "IntegerValue") {
          const count = Math.max(0, times.value as number);
          if (count * (text.value as string).length > MAX_REPEATED) {
            throw new Error(`a text repeated ${count} times is too long`);
          }
          return make((text.value as string).repeat(count));
        }
        break;
      }
      case "%":
        if (left.type === "StringValue") {
          const values = right.type === "TupleValue" ? (right.value as Value[]) : [right];
          return make(percentFormat(left.value as string, values));
        }
        if (left.type === "IntegerValue" && right.type === "IntegerValue" && right.value !== 0) {
          const [a, b] = [left.value as number, right.value as number];
          return make(((a % b) + b) % b);
        }
        break;
    }
    if (!isNumeric(left) || !isNumeric(right)) {
      throw new Error(`${operator} does not go with ${describe(left)} and ${describe(right)}`);
    }
    const number = (value: Value) => (value.type === "BooleanValue" ? make(Number(value.value)) : value);
    return super.evaluate({ ...node, left: ready(number(left)), right: ready(number(right)) }, scope);
  }
}

/** A node whose value is known. */
function ready(value: Value): Node {
  return { type: "Ready", value };
}

/** A short form of an expression for a message. */
function source(node: Node): string {
  if (node.type === "MemberExpression") {
    const object = source(node.object as Node);
    const property = source(node.property as Node);
    return node.computed ? `${object}[${property}]` : `${object}.${property}`;
  }
  if (node.type === "StringLiteral") return `'${String(node.value)}'`;
  const { value } = node;
  return typeof value === "string" || typeof value === "number" ? String(value) : "an expression";
}
