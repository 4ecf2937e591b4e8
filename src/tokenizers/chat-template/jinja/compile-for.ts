// Turns for loops into functions that run them.

import type { ForNode, Statement, Target } from "./ast.ts";
import { costOf, findUndeclared, walk } from "./children.ts";
import { compileExpression } from "./compile-expression.ts";
import { compileTarget } from "./compile-target.ts";
import { TemplateError } from "./errors.ts";
import {
  Activation,
  BREAK,
  type Ending,
  type Execute,
  enterFrame,
  type Frame,
  innerFrame,
  innerScope,
  leaveFrame,
  NORMAL,
  reader,
  variableOf,
  writer,
} from "./frame.ts";
import { Loop } from "./loop.ts";
import { Iter, iterate, Markup, Tuple, truth, type Value } from "./values.ts";

type Body = (nodes: readonly Statement[], frame: Frame) => Execute;

/** Compiles a for loop; `body` compiles what stands in it. */
export function compileFor(node: ForNode, frame: Frame, body: Body): Execute {
  refuseLoopTarget(node);
  const scope = node.recursive ? innerScope(frame) : undefined;
  const inner: Frame = { ...innerFrame(frame, scope), inLoop: true };
  const otherwise = innerFrame(frame, scope);
  const { symbols } = inner;
  const extended =
    node.recursive ||
    findUndeclared(node.body, ["loop"]).has("loop") ||
    [...walk([node])].some((each) => each.type === "Block" && each.scoped);
  const loopVariable = extended ? symbols.declareParameter("loop") : undefined;
  symbols.analyze(node, "body");
  if (node.otherwise.length > 0) otherwise.symbols.analyze(node, "else");
  const filter = node.test ? compileLoopTest(node, frame) : undefined;
  const iterable = compileExpression(node.iterable, frame);
  const assign = compileTarget(node.target, inner);
  const writeLoop = loopVariable && writer(inner, loopVariable);
  const enter = enterFrame(inner);
  const run = body(node.body, inner);
  const leave = node.recursive && node.otherwise.length === 0 ? () => {} : leaveFrame(inner);
  const enterElse = enterFrame(otherwise);
  const runElse = body(node.otherwise, otherwise);
  const leaveElse = leaveFrame(otherwise);

  /** Runs the loop over items. */
  const over = (a: Activation, items: Value, loop: Loop | undefined): Ending => {
    const { budget } = a.runtime;
    const depth = a.runtime.depth;
    // An iteration that break or continue leaves counts as none, as in Jinja2.
    let completed = false;
    const once = (item: Value): boolean => {
      budget.step();
      writeLoop?.(a, loop);
      assign(a, item);
      enter(a);
      const ending = run(a);
      if (ending !== NORMAL) a.runtime.abandon(depth);
      if (ending === NORMAL) completed = true;
      return ending !== BREAK;
    };
    if (loop) {
      for (let item = loop.next(); item !== undefined; item = loop.next()) if (!once(item)) break;
    } else {
      for (const item of iterate(items)) if (!once(item)) break;
    }
    leave(a);
    if (completed || node.otherwise.length === 0) return NORMAL;
    enterElse(a);
    const ending = runElse(a);
    leaveElse(a);
    return ending;
  };

  if (!scope) {
    return (a) => {
      const given = iterable(a);
      const items = filter ? filter(a, given) : given;
      return over(a, items, extended ? new Loop(items, undefined, 0) : undefined);
    };
  }
  const { compilation } = frame;
  const { autoescape, volatile } = compilation;
  return (a) => {
    const render = (given: Value, level: number): Value => {
      const { runtime } = a;
      runtime.budget.enter();
      const items = filter ? filter(a, given) : given;
      const own = new Activation(scope, a.names, runtime, a);
      runtime.capture();
      over(own, items, new Loop(items, render, level));
      const text = runtime.endCapture();
      runtime.budget.leave();
      return (volatile ? runtime.autoescape : autoescape) ? new Markup(text) : text;
    };
    const text = render(iterable(a), 0);
    a.runtime.write(text instanceof Markup ? text.value : (text as string));
    return NORMAL;
  };
}

function refuseLoopTarget(node: ForNode): void {
  for (const each of walk([node])) {
    if (each.type === "Name" && each.context === "store" && each.name === "loop") {
      throw new TemplateError(
        "TemplateAssertionError",
        "Can't assign to special loop variable in for-loop target",
        each.line,
      );
    }
  }
}

/** The condition of a loop, as what gives the items for which it holds. */
function compileLoopTest(node: ForNode, frame: Frame): (a: Activation, items: Value) => Value {
  const scope = innerScope(frame);
  const inner = innerFrame(frame, scope);
  inner.symbols.analyze(node, "test");
  const enter = enterFrame(inner);
  const assign = compileTarget(node.target, inner);
  const test = compileExpression(node.test as NonNullable<ForNode["test"]>, inner);
  const cost = 1 + costOf([node.test as NonNullable<ForNode["test"]>]);
  const target = compileReadTarget(node.target, inner);
  return (outer, items) => {
    const a = new Activation(scope, outer.names, outer.runtime, outer);
    return new Iter(
      (function* () {
        enter(a);
        for (const item of iterate(items)) {
          a.runtime.budget.step(cost);
          assign(a, item);
          if (truth(test(a))) yield target(a);
        }
      })(),
    );
  };
}

/** The values of a target's variables, as a tuple where it is one. */
function compileReadTarget(target: Target, frame: Frame): (a: Activation) => Value {
  if (target.type === "Tuple") {
    const items = target.items.map((item) => compileReadTarget(item as Target, frame));
    return (a) => new Tuple(items.map((item) => item(a)));
  }
  const read = reader(frame, variableOf(frame, target.name, target.line));
  return (a) => read(a) as Value;
}
