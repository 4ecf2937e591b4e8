// Turns statements into functions that run them.

import type {
  BlockNode,
  CallBlockNode,
  Expression,
  MacroNode,
  OutputPart,
  Signature,
  Statement,
  Target,
} from "./ast.ts";
import { callValue } from "./attributes.ts";
import { costOf, findUndeclared, walk } from "./children.ts";
import { compileArguments, compileCall, compileExpression, compileFilter } from "./compile-expression.ts";
import { compileFor } from "./compile-for.ts";
import { compileTarget, exportedNames } from "./compile-target.ts";
import { TemplateError, typeError } from "./errors.ts";
import {
  Activation,
  BREAK,
  CONTINUE,
  type Evaluate,
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
import { Namespace } from "./globals.ts";
import { includeError } from "./include.ts";
import { Macro, type MacroShape } from "./macro.ts";
import { quote, str, toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { Markup, NO_KWARGS, textOf, truth, typeName, Undefined, type Value } from "./values.ts";

/** The blocks of a template by name, as they are compiled. */
export type Blocks = Map<string, (activation: Activation, runtime: Runtime) => void>;

/** Compiles statements that follow one another. */
export function compileBody(nodes: readonly Statement[], frame: Frame, blocks: Blocks): Execute {
  const steps = nodes.map((node) => compileStatement(node, frame, blocks));
  const cost = costOf(nodes);
  return (a) => {
    a.runtime.budget.step(cost);
    for (const step of steps) {
      const ending = step(a);
      if (ending !== NORMAL) return ending;
    }
    return NORMAL;
  };
}

function compileStatement(node: Statement, frame: Frame, blocks: Blocks): Execute {
  const run = compileKind(node, frame, blocks);
  const { line } = node;
  return (a) => {
    a.runtime.line = line;
    return run(a);
  };
}

function compileKind(node: Statement, frame: Frame, blocks: Blocks): Execute {
  switch (node.type) {
    case "Output":
      return compileOutput(node.nodes, frame);
    case "For":
      return compileFor(node, frame, (nodes, inner) => compileBody(nodes, inner, blocks));
    case "If":
      return compileIf(node, frame, blocks);
    case "Assign":
      return compileAssign(node, frame);
    case "AssignBlock":
      return compileAssignBlock(node, frame, blocks);
    case "With":
      return compileWith(node, frame, blocks);
    case "Macro":
      return compileMacro(node, frame, blocks);
    case "CallBlock":
      return compileCallBlock(node, frame, blocks);
    case "FilterBlock":
      return compileFilterBlock(node, frame, blocks);
    case "Autoescape":
      return compileAutoescape(node, frame, blocks);
    case "Block":
      return compileBlock(node, frame, blocks);
    case "Break":
    case "Continue": {
      if (!frame.inLoop) {
        const message = node.type === "Break" ? "'break' outside loop" : "'continue' not properly in loop";
        throw new TemplateError("SyntaxError", message, node.line);
      }
      const ending = node.type === "Break" ? BREAK : CONTINUE;
      return () => ending;
    }
    case "Include":
      return compileInclude(node.template, node.ignoreMissing, frame);
    case "Extends":
      if (!frame.top) {
        throw new TemplateError(
          "TemplateAssertionError",
          "cannot use extend from a non top-level scope",
          node.line,
        );
      }
      return compileImport(node.template, frame);
    case "Import":
      return compileImport(node.template, frame);
  }
}

function compileOutput(parts: readonly OutputPart[], frame: Frame): Execute {
  const steps = parts.map((part): ((a: Activation) => void) => {
    if (part.type === "Data") {
      const { text } = part;
      return (a) => a.runtime.write(text);
    }
    const { compilation } = frame;
    compilation.constant = compilation.constants.isConstant(part, frame);
    // In a constant, what does not count may name unknown filters.
    const value = compileExpression(part, compilation.constant ? { ...frame, soft: true } : frame);
    compilation.constant = false;
    const { line } = part;
    const escaped = compileEscape(frame);
    return (a) => {
      a.runtime.line = line;
      const result = value(a);
      if (typeof result === "string" && !escaped) a.runtime.write(result);
      else a.runtime.write(escaped?.(a.runtime) ? toMarkup(result, a.runtime).value : str(result, a.runtime));
    };
  });
  if (steps.length === 1) {
    const [step] = steps;
    return (a) => {
      step(a);
      return NORMAL;
    };
  }
  return (a) => {
    for (const step of steps) step(a);
    return NORMAL;
  };
}

/** Whether output is escaped here: undefined for never. */
function compileEscape({ compilation }: Frame): ((runtime: Runtime) => boolean) | undefined {
  if (compilation.volatile) return (runtime) => runtime.autoescape;
  return compilation.autoescape ? () => true : undefined;
}

function compileIf(node: Statement & { type: "If" }, frame: Frame, blocks: Blocks): Execute {
  const soft: Frame = { ...frame, soft: true };
  const branches = [node, ...node.elifs].map(({ test, body }) => ({
    test: compileExpression(test, soft),
    body: compileBody(body, soft, blocks),
  }));
  const otherwise = compileBody(node.otherwise, soft, blocks);
  return (a) => {
    for (const { test, body } of branches) if (truth(test(a))) return body(a);
    return otherwise(a);
  };
}

function compileAssign(node: Statement & { type: "Assign" }, frame: Frame): Execute {
  const namespaces = [...walk([node.target])].flatMap((part) =>
    part.type === "NamespaceRef" ? [reader(frame, variableOf(frame, part.name, part.line))] : [],
  );
  const value = compileExpression(node.node, frame);
  const assign = compileTarget(node.target, frame);
  const publish = compileExport(node.target, frame);
  return (a) => {
    for (const namespace of namespaces) {
      if (!(namespace(a) instanceof Namespace)) {
        throw new TemplateError("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
      }
    }
    assign(a, value(a));
    publish(a);
    return NORMAL;
  };
}

/** Exports what a target at the top was assigned. */
function compileExport(target: Target, frame: Frame): (a: Activation) => void {
  if (!frame.top) return () => {};
  const names = exportedNames(target).map(
    (name) => [name, reader(frame, variableOf(frame, name, target.line))] as const,
  );
  return (a) => {
    for (const [name, read] of names) {
      const value = read(a);
      if (value !== undefined) a.names.own.set(name, value);
    }
  };
}

/** Runs a body for its text; undefined where break or continue leave it. */
function compileCapture(body: Execute): (a: Activation) => string | typeof BREAK | typeof CONTINUE {
  return (a) => {
    a.runtime.capture();
    const ending = body(a);
    const text = a.runtime.endCapture();
    return ending === NORMAL ? text : ending;
  };
}

function compileAssignBlock(
  node: Statement & { type: "AssignBlock" },
  frame: Frame,
  blocks: Blocks,
): Execute {
  const inner = innerFrame(frame);
  inner.symbols.analyze(node);
  const enter = enterFrame(inner);
  const capture = compileCapture(compileBody(node.body, inner, blocks));
  const holder = inner.symbols.scope.anonymous();
  const keep = writer(inner, holder);
  const filter =
    node.filter && compileFilter(node.filter, inner, markupBody(inner, reader(inner, holder) as Evaluate));
  const assign = compileTarget(node.target, frame);
  const publish = compileExport(node.target, frame);
  const leave = leaveFrame(inner);
  return (a) => {
    enter(a);
    const text = capture(a);
    if (typeof text !== "string") return text;
    keep(a, text);
    const value = filter ? filter(a) : text;
    assign(a, a.runtime.autoescape ? new Markup(str(value, a.runtime)) : value);
    publish(a);
    leave(a);
    return NORMAL;
  };
}

/** The text of a captured body as a filter gets it. */
function markupBody({ compilation }: Frame, text: Evaluate): Evaluate {
  const { autoescape, volatile } = compilation;
  if (!autoescape && !volatile) return text;
  return (a) => (volatile && !a.runtime.autoescape ? text(a) : new Markup(text(a) as string));
}

function compileWith(node: Statement & { type: "With" }, frame: Frame, blocks: Blocks): Execute {
  const inner = innerFrame(frame);
  inner.symbols.analyze(node);
  const enter = enterFrame(inner);
  const assigns = node.targets.map((target, i) => ({
    assign: compileTarget(target, inner),
    value: compileExpression(node.values[i], frame),
  }));
  const body = compileBody(node.body, inner, blocks);
  const leave = leaveFrame(inner);
  return (a) => {
    enter(a);
    for (const { assign, value } of assigns) assign(a, value(a));
    const ending = body(a);
    if (ending === NORMAL) leave(a);
    return ending;
  };
}

function compileFilterBlock(
  node: Statement & { type: "FilterBlock" },
  frame: Frame,
  blocks: Blocks,
): Execute {
  const inner = innerFrame(frame);
  inner.symbols.analyze(node);
  const enter = enterFrame(inner);
  const capture = compileCapture(compileBody(node.body, inner, blocks));
  const holder = inner.symbols.scope.anonymous();
  const keep = writer(inner, holder);
  const filter = compileFilter(node.filter, inner, markupBody(inner, reader(inner, holder) as Evaluate));
  const leave = leaveFrame(inner);
  return (a) => {
    enter(a);
    const text = capture(a);
    if (typeof text !== "string") return text;
    keep(a, text);
    writeText(filter(a), a.runtime);
    leave(a);
    return NORMAL;
  };
}

/** Writes the result of a filter block or a call block, which must be text. */
function writeText(value: Value, runtime: Runtime): void {
  const text = textOf(value);
  if (text === undefined) throw typeError(`expected str instance, ${typeName(value)} found`);
  runtime.write(text);
}

function compileAutoescape(node: Statement & { type: "Autoescape" }, frame: Frame, blocks: Blocks): Execute {
  const { compilation } = frame;
  const inner = innerFrame(frame);
  inner.symbols.analyze(node);
  const enter = enterFrame(inner);
  const value = compileExpression(node.value, inner);
  const { autoescape, volatile } = compilation;
  const constant = compilation.constants.value(node.value, inner);
  if (constant === undefined) compilation.volatile = true;
  else compilation.autoescape = truth(constant);
  const body = compileBody(node.body, inner, blocks);
  compilation.autoescape = autoescape;
  compilation.volatile = volatile;
  const leave = leaveFrame(inner);
  return (a) => {
    enter(a);
    const before = a.runtime.autoescape;
    a.runtime.autoescape = truth(value(a));
    const ending = body(a);
    if (ending !== NORMAL) return ending;
    a.runtime.autoescape = before;
    leave(a);
    return NORMAL;
  };
}

function compileInclude(template: Expression, ignoreMissing: boolean, frame: Frame): Execute {
  const value = compileExpression(template, frame);
  return (a) => {
    const error = includeError(value(a));
    if (ignoreMissing && error.kind === "TemplateNotFound") return NORMAL;
    throw error;
  };
}

function compileImport(template: Expression, frame: Frame): Execute {
  const value = compileExpression(template, frame);
  return (a) => {
    value(a);
    throw typeError("no loader for this environment specified");
  };
}

// ---- Macros and call blocks

/** Compiles a macro, or the body of a call block, into what makes one where it stands. */
function compileMacroBody(
  node: (MacroNode | CallBlockNode) & Signature,
  frame: Frame,
  blocks: Blocks,
): (a: Activation) => Macro {
  const inner = innerFrame(frame, innerScope(frame));
  const { symbols, compilation } = inner;
  symbols.analyze(node);
  const params = node.params.map(({ name }) => name);
  const repeated = params.find((name, i) => params.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw new TemplateError(
      "SyntaxError",
      `duplicate argument '${repeated}' in function definition`,
      node.line,
    );
  }
  const special = findUndeclared(node.body, ["caller", "kwargs", "varargs"]);
  const shape: MacroShape = {
    name: node.type === "Macro" ? node.name : undefined,
    params,
    usesCaller: special.has("caller"),
    usesKwargs: special.has("kwargs") && !params.includes("kwargs"),
    usesVarargs: special.has("varargs") && !params.includes("varargs"),
  };
  const variables = params.map((name) => variableOf(inner, name, node.line));
  const firstDefault = params.length - node.defaults.length;
  if (shape.usesCaller) {
    const explicit = params.indexOf("caller");
    if (explicit < 0) variables.push(symbols.declareParameter("caller"));
    else if (explicit < firstDefault) {
      throw new TemplateError(
        "TemplateAssertionError",
        'When defining macros or call blocks the special "caller" argument must be omitted or be given a default.',
        node.line,
      );
    }
  }
  if (shape.usesKwargs) variables.push(symbols.declareParameter("kwargs"));
  if (shape.usesVarargs) variables.push(symbols.declareParameter("varargs"));
  symbols.analyze(node);
  const enter = enterFrame(inner);
  const outerUnset = compilation.unset;
  compilation.unset = new Set(
    [...symbols.loads].flatMap(([variable, load]) => (load.how === "parameter" ? [variable] : [])),
  );
  const defaults = params.map((name, i) => {
    const value: Evaluate =
      i < firstDefault
        ? () => new Undefined(`parameter ${quote(name)} was not provided`)
        : compileExpression(node.defaults[i - firstDefault], inner);
    compilation.unset.delete(variables[i]);
    return value;
  });
  compilation.unset = outerUnset;
  const defaultsCost = costOf(node.defaults);
  const body = compileBody(node.body, inner, blocks);
  const { scope } = symbols;
  const writes = variables.map((variable) => writer(inner, variable));
  const reads = variables.map((variable) => reader(inner, variable));
  return (defined) =>
    new Macro(shape, (values, runtime) => {
      if (values.length > writes.length) {
        throw typeError(
          `macro() takes ${writes.length} positional arguments but ${values.length} were given`,
        );
      }
      const a = new Activation(scope, defined.names, runtime, defined);
      writes.forEach((write, i) => {
        write(a, values[i]);
      });
      runtime.capture();
      enter(a);
      runtime.budget.step(defaultsCost);
      defaults.forEach((value, i) => {
        if (reads[i](a) === undefined) writes[i](a, value(a));
      });
      body(a);
      return runtime.endCapture();
    });
}

function compileMacro(node: MacroNode, frame: Frame, blocks: Blocks): Execute {
  const make = compileMacroBody(node, frame, blocks);
  const write = writer(frame, variableOf(frame, node.name, node.line));
  return (a) => {
    const macro = make(a);
    write(a, macro);
    if (frame.top) a.names.own.set(node.name, macro);
    return NORMAL;
  };
}

function compileCallBlock(node: CallBlockNode, frame: Frame, blocks: Blocks): Execute {
  const make = compileMacroBody(node, frame, blocks);
  if (!node.call) return compileGeneration(make);
  const holder = frame.symbols.scope.anonymous();
  const keep = writer(frame, holder);
  const caller = reader(frame, holder) as Evaluate;
  const callee = compileExpression(node.call.node, frame);
  const call = compileCall(callee, compileArguments(node.call, frame, caller));
  return (a) => {
    keep(a, make(a));
    writeText(call(a), a.runtime);
    return NORMAL;
  };
}

/** A generation block: its text as it is, and where it stands in the output. */
function compileGeneration(make: (a: Activation) => Macro): Execute {
  return (a) => {
    const { runtime } = a;
    const text = str(callValue(make(a), [], NO_KWARGS, runtime), runtime);
    const start = runtime.written;
    runtime.generations.push([start, start + text.length]);
    runtime.write(text);
    return NORMAL;
  };
}

// ---- Blocks

function compileBlock(node: BlockNode, frame: Frame, blocks: Blocks): Execute {
  const locals = node.scoped
    ? Array.from(frame.symbols.stores(), ([name, variable]) => [name, reader(frame, variable)] as const)
    : undefined;
  const { name, required, line } = node;
  return (a) => {
    if (required) {
      throw new TemplateError("TemplateRuntimeError", `Required block ${quote(name)} not found`, line);
    }
    const given = locals?.flatMap(([key, read]): [string, Value][] => {
      const value = read(a);
      return value === undefined ? [] : [[key, value]];
    });
    const from = given ? new Activation(frame.symbols.scope, a.names.derive(given), a.runtime) : a;
    blocks.get(name)?.(from, a.runtime);
    return NORMAL;
  };
}
