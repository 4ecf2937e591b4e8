// Jinja templates as transformers configures them: compiled once, rendered with variables.

import type { BlockNode, Statement } from "./ast.ts";
import type { TemplateLimits } from "./budget.ts";
import type { Defined } from "./call-filter.ts";
import { findUndeclared, walk } from "./children.ts";
import { compileExpression } from "./compile-expression.ts";
import { type Blocks, compileBody } from "./compile-statement.ts";
import { Constants } from "./constant.ts";
import { TemplateError } from "./errors.ts";
import { TABLES } from "./filters.ts";
import { Activation, type Compilation, type Execute, enterFrame, type Frame, Names } from "./frame.ts";
import { fromJson } from "./from-json.ts";
import { createGlobals } from "./globals.ts";
import type { Whitespace } from "./lexer.ts";
import { parseTemplate } from "./parser.ts";
import { Runtime, type Span } from "./runtime.ts";
import { FunctionScope, Symbols } from "./symbols.ts";
import { TemplateReference } from "./template-reference.ts";
import { Undefined, type Value } from "./values.ts";

export interface JinjaRenderOptions {
  /** Variables by name, of what JSON can say. */
  variables: Readonly<Record<string, unknown>>;
  /** What `strftime_now` takes for the present. Default: the clock. */
  now?: Date;
  limits?: TemplateLimits;
}

/** How a template is read and how strict it is; left out, as transformers configures Jinja2. */
export interface JinjaOptions extends Whitespace {
  /** StrictUndefined: printing what is undefined is an error. Default false. */
  readonly strict?: boolean;
  /** Further filters by name. */
  readonly filters?: Readonly<Record<string, Defined>>;
}

/** What a rendering gives. */
export interface Rendered {
  text: string;
  /** Where the texts of `{% generation %}` blocks stand, in UTF-16 units. */
  generations: Span[];
}

export interface JinjaTemplate {
  /** @throws {TemplateError} what the template raises; {BaimoError} `request` when a limit is reached */
  render(options: JinjaRenderOptions): Rendered;
}

/**
 * Compiles a template.
 *
 * @throws {TemplateError} where it is not Jinja
 */
export function compileTemplate(source: string, options: JinjaOptions = {}): JinjaTemplate {
  const body = parseTemplate(source, options);
  const compilation: Compilation = {
    filters: options.filters
      ? new Map([...TABLES.filters, ...Object.entries(options.filters)])
      : TABLES.filters,
    tests: TABLES.tests,
    autoescape: false,
    volatile: false,
    constant: false,
    constants: new Constants(compileExpression),
    unset: new Set(),
  };
  const blocks: Blocks = new Map();
  const root = compileRoot(body, compilation, blocks);
  for (const node of findBlocks(body)) blocks.set(node.name, compileBlockBody(node, compilation, blocks));
  return {
    render({ variables, now, limits }) {
      const runtime = new Runtime(limits, options.strict);
      const given = createGlobals(() => now ?? new Date());
      for (const [name, value] of Object.entries(variables)) {
        if (value === undefined) given.delete(name);
        else given.set(name, fromJson(value));
      }
      try {
        root(new Names(given), runtime);
      } catch (error) {
        if (error instanceof TemplateError) error.line ??= runtime.line;
        throw error;
      }
      return { text: runtime.out, generations: runtime.generations };
    },
  };
}

type Run = (names: Names, runtime: Runtime) => void;

function compileRoot(body: Statement[], compilation: Compilation, blocks: Blocks): Run {
  const scope = new FunctionScope();
  const frame: Frame = { symbols: new Symbols(scope), compilation, top: true, soft: false, inLoop: false };
  const self = findUndeclared(body, ["self"]).has("self")
    ? frame.symbols.declareParameter("self")
    : undefined;
  frame.symbols.visitAll(body);
  const enter = enterFrame(frame);
  const run = compileBody(body, frame, blocks);
  return (names, runtime) => {
    const a = new Activation(scope, names, runtime);
    if (self) a.variables[self.slot] = new TemplateReference(a, blocks);
    enter(a);
    run(a);
  };
}

function findBlocks(body: Statement[]): BlockNode[] {
  const found = new Map<string, BlockNode>();
  for (const node of walk(body)) {
    if (node.type !== "Block") continue;
    if (found.has(node.name)) {
      throw new TemplateError("TemplateAssertionError", `block '${node.name}' defined twice`, node.line);
    }
    found.set(node.name, node);
  }
  return [...found.values()];
}

/** Compiles a block, which sees the names of the template but not the variables around it. */
function compileBlockBody(node: BlockNode, compilation: Compilation, blocks: Blocks) {
  const scope = new FunctionScope();
  const frame: Frame = { symbols: new Symbols(scope), compilation, top: false, soft: false, inLoop: false };
  const special = findUndeclared(node.body, ["self", "super"]);
  const self = special.has("self") ? frame.symbols.declareParameter("self") : undefined;
  const above = special.has("super") ? frame.symbols.declareParameter("super") : undefined;
  frame.symbols.analyze(node);
  const enter = enterFrame(frame);
  const run: Execute = compileBody(node.body, frame, blocks);
  return (from: Activation, runtime: Runtime) => {
    runtime.budget.enter();
    const a = new Activation(scope, from.names, runtime);
    if (self) a.variables[self.slot] = new TemplateReference(a, blocks);
    if (above) a.variables[above.slot] = noParent(node.name);
    enter(a);
    run(a);
    runtime.budget.leave();
  };
}

function noParent(name: string): Value {
  return new Undefined(`there is no parent block called '${name}'.`);
}
