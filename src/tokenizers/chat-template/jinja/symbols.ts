// Which variable each name means: Jinja2's scoping, found when a template is compiled.

import type { ForNode, IfNode, Statement } from "./ast.ts";
import { childrenOf, type Node } from "./children.ts";

/** The variables of one function of the compiled template: of the root, a macro, a block, a recursive loop. */
export class FunctionScope {
  readonly parent: FunctionScope | undefined;
  readonly #variables = new Map<string, Variable>();

  constructor(parent?: FunctionScope) {
    this.parent = parent;
  }

  get size(): number {
    return this.#variables.size;
  }

  /** The variable for a name at a level of nesting; scopes of one level that follow each other share it. */
  variable(level: number, name: string): Variable {
    const key = `${level} ${name}`;
    let variable = this.#variables.get(key);
    if (!variable) {
      variable = { scope: this, slot: this.#variables.size };
      this.#variables.set(key, variable);
    }
    return variable;
  }

  /** A variable without a name. */
  anonymous(): Variable {
    return this.variable(-1, String(this.#variables.size));
  }
}

/** A place in the variables of a function. */
export interface Variable {
  readonly scope: FunctionScope;
  readonly slot: number;
}

/** How a variable gets its value when its scope is entered. */
export type Load =
  | { readonly how: "parameter" }
  | { readonly how: "resolve"; readonly name: string }
  | { readonly how: "alias"; readonly of: Variable }
  | { readonly how: "undefined" };

/** The names of one scope. */
export class Symbols {
  readonly parent: Symbols | undefined;
  readonly scope: FunctionScope;
  readonly level: number;
  readonly #variables = new Map<string, Variable>();
  readonly loads = new Map<Variable, Load>();
  readonly #stores = new Set<string>();

  constructor(scope: FunctionScope, parent?: Symbols, level = parent ? parent.level + 1 : 0) {
    this.scope = scope;
    this.parent = parent;
    this.level = level;
  }

  /** The variable of a name here or further out. */
  find(name: string): Variable | undefined {
    return this.#variables.get(name) ?? this.parent?.find(name);
  }

  findLoad(variable: Variable): Load | undefined {
    return this.loads.get(variable) ?? this.parent?.findLoad(variable);
  }

  declareParameter(name: string): Variable {
    this.#stores.add(name);
    return this.#define(name, { how: "parameter" });
  }

  /** What is assigned, here and further out, each with its variable. */
  stores(): Map<string, Variable> {
    const all = this.parent ? this.parent.stores() : new Map<string, Variable>();
    for (const name of this.#stores) all.set(name, this.find(name) as Variable);
    return all;
  }

  /** Finds the names that the parts of a node's own scope use. */
  analyze(node: Statement, part: "body" | "else" | "test" = "body"): void {
    if (node.type === "For") this.#analyzeFor(node, part);
    else if (node.type === "With") this.visitAll([...node.targets, ...node.body]);
    else if (node.type === "AssignBlock") this.visitAll(node.body);
    else if (node.type === "CallBlock") this.visitAll([...node.params, ...node.defaults, ...node.body]);
    else this.visitAll(childrenOf(node));
  }

  visitAll(nodes: Iterable<Node>): void {
    for (const node of nodes) this.#visit(node);
  }

  #analyzeFor(node: ForNode, part: "body" | "else" | "test"): void {
    if (part !== "else") this.#visit(node.target, true);
    if (part === "body") this.visitAll(node.body);
    else if (part === "else") this.visitAll(node.otherwise);
    else if (node.test) this.#visit(node.test);
  }

  #define(name: string, load: Load): Variable {
    const variable = this.scope.variable(this.level, name);
    this.#variables.set(name, variable);
    this.loads.set(variable, load);
    return variable;
  }

  #store(name: string): void {
    this.#stores.add(name);
    if (this.#variables.has(name)) return;
    const outer = this.parent?.find(name);
    this.#define(name, outer ? { how: "alias", of: outer } : { how: "undefined" });
  }

  #load(name: string): void {
    if (!this.find(name)) this.#define(name, { how: "resolve", name });
  }

  #copy(): Symbols {
    const copy = new Symbols(this.scope, this.parent, this.level);
    copy.#take(this);
    return copy;
  }

  #take(other: Symbols): void {
    for (const [name, variable] of other.#variables) this.#variables.set(name, variable);
    for (const [variable, load] of other.loads) this.loads.set(variable, load);
    for (const name of other.#stores) this.#stores.add(name);
  }

  #visit(node: Node, asParameter = false): void {
    switch (node.type) {
      case "Name":
        if (asParameter || node.context === "param") this.declareParameter(node.name);
        else if (node.context === "store") this.#store(node.name);
        else this.#load(node.name);
        return;
      case "NamespaceRef":
        this.#load(node.name);
        return;
      case "If":
        this.#visitIf(node);
        return;
      case "Macro":
        this.#store(node.name);
        return;
      case "Import":
        this.#visit(node.template);
        for (const name of node.names) this.#store(name);
        return;
      case "Assign":
        this.#visit(node.node);
        this.#visit(node.target);
        return;
      case "For":
        this.#visit(node.iterable);
        return;
      case "CallBlock":
        if (node.call) this.#visit(node.call);
        return;
      case "FilterBlock":
        this.#visit(node.filter);
        return;
      case "With":
        this.visitAll(node.values);
        return;
      case "AssignBlock":
        this.#visit(node.target);
        return;
      case "Autoescape":
      case "Block":
        return;
      default:
        for (const child of childrenOf(node)) this.#visit(child, asParameter);
    }
  }

  #visitIf(node: IfNode): void {
    this.#visit(node.test);
    const branches = [node.body, node.elifs, node.otherwise].map((nodes) => {
      const branch = this.#copy();
      branch.visitAll(nodes);
      return branch;
    });
    const stored = new Set(branches.flatMap((branch) => [...branch.#stores]));
    for (const name of this.#stores) stored.delete(name);
    for (const branch of branches) this.#take(branch);
    for (const name of stored) {
      const outer = this.parent?.find(name);
      this.loads.set(
        this.find(name) as Variable,
        outer ? { how: "alias", of: outer } : { how: "resolve", name },
      );
    }
  }
}
