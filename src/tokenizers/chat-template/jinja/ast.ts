// The syntax tree of a template.

/** A name, a tuple of targets or an attribute of a namespace, that something is assigned to. */
export type Target = NameNode | TupleNode | NamespaceNode;

export interface NameNode {
  readonly type: "Name";
  readonly name: string;
  /** "param": a parameter; "store": an assignment. */
  context: "load" | "store" | "param";
  readonly line: number;
}

export interface NamespaceNode {
  readonly type: "NamespaceRef";
  readonly name: string;
  readonly attribute: string;
  readonly line: number;
}

export interface TupleNode {
  readonly type: "Tuple";
  readonly items: Expression[];
  readonly line: number;
}

/** Literal values; an integer or float keeps its text. */
export interface ConstNode {
  readonly type: "Const";
  readonly kind: "none" | "true" | "false" | "string" | "integer" | "float";
  readonly text: string;
  readonly line: number;
}

/** The arguments of a call, a filter or a test. */
export interface Arguments {
  readonly args: Expression[];
  readonly kwargs: { key: string; value: Expression }[];
  readonly spread?: Expression;
  readonly spreadKwargs?: Expression;
}

export interface CallNode extends Arguments {
  readonly type: "Call";
  readonly node: Expression;
  readonly line: number;
}

export interface FilterNode extends Arguments {
  readonly type: "Filter";
  /** What it is applied to; undefined: the body of a block. */
  readonly node: Expression | undefined;
  readonly name: string;
  readonly line: number;
}

export interface TestNode extends Arguments {
  readonly type: "Test";
  readonly node: Expression;
  readonly name: string;
  readonly line: number;
}

export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
export type CompareOperator = "eq" | "ne" | "lt" | "lteq" | "gt" | "gteq" | "in" | "notin";

export type Expression =
  | NameNode
  | NamespaceNode
  | TupleNode
  | ConstNode
  | CallNode
  | FilterNode
  | TestNode
  | { readonly type: "List"; readonly items: Expression[]; readonly line: number }
  | {
      readonly type: "Dict";
      readonly items: { key: Expression; value: Expression }[];
      readonly line: number;
    }
  | {
      readonly type: "Conditional";
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | undefined;
      readonly line: number;
    }
  | {
      readonly type: "And" | "Or";
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly type: "Not" | "Negative" | "Positive"; readonly node: Expression; readonly line: number }
  | {
      readonly type: "Binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly type: "Concat"; readonly nodes: Expression[]; readonly line: number }
  | {
      readonly type: "Compare";
      readonly left: Expression;
      readonly operands: { operator: CompareOperator; node: Expression }[];
      readonly line: number;
    }
  | { readonly type: "Attribute"; readonly node: Expression; readonly name: string; readonly line: number }
  | { readonly type: "Item"; readonly node: Expression; readonly key: Expression; readonly line: number }
  | {
      readonly type: "Slice";
      readonly start: Expression | undefined;
      readonly stop: Expression | undefined;
      readonly step: Expression | undefined;
      readonly line: number;
    };

/** A parameter of a macro or a call block is a Name of context "param". */
export interface Signature {
  readonly params: NameNode[];
  /** Of the last parameters. */
  readonly defaults: Expression[];
}

export interface ForNode {
  readonly type: "For";
  readonly target: Target;
  readonly iterable: Expression;
  readonly body: Statement[];
  readonly otherwise: Statement[];
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly line: number;
}

export interface IfNode {
  readonly type: "If";
  readonly test: Expression;
  readonly body: Statement[];
  readonly elifs: IfNode[];
  otherwise: Statement[];
  readonly line: number;
}

export interface MacroNode extends Signature {
  readonly type: "Macro";
  readonly name: string;
  readonly body: Statement[];
  readonly line: number;
}

export interface CallBlockNode extends Signature {
  readonly type: "CallBlock";
  /** What is called with the body; undefined: a generation block. */
  readonly call: CallNode | undefined;
  readonly body: Statement[];
  readonly line: number;
}

export interface BlockNode {
  readonly type: "Block";
  readonly name: string;
  readonly scoped: boolean;
  readonly required: boolean;
  readonly body: Statement[];
  readonly line: number;
}

export interface WithNode {
  readonly type: "With";
  readonly targets: Target[];
  readonly values: Expression[];
  readonly body: Statement[];
  readonly line: number;
}

export type Statement =
  | { readonly type: "Output"; readonly nodes: OutputPart[]; readonly line: number }
  | ForNode
  | IfNode
  | MacroNode
  | CallBlockNode
  | BlockNode
  | WithNode
  | {
      readonly type: "FilterBlock";
      readonly filter: FilterNode;
      readonly body: Statement[];
      readonly line: number;
    }
  | {
      readonly type: "Autoescape";
      readonly value: Expression;
      readonly body: Statement[];
      readonly line: number;
    }
  | { readonly type: "Assign"; readonly target: Target; readonly node: Expression; readonly line: number }
  | {
      readonly type: "AssignBlock";
      readonly target: Target;
      readonly filter: FilterNode | undefined;
      readonly body: Statement[];
      readonly line: number;
    }
  | { readonly type: "Break" | "Continue"; readonly line: number }
  | { readonly type: "Extends"; readonly template: Expression; readonly line: number }
  | {
      readonly type: "Include";
      readonly template: Expression;
      readonly ignoreMissing: boolean;
      readonly line: number;
    }
  /** import and from ... import: `names` are those that it would assign. */
  | {
      readonly type: "Import";
      readonly template: Expression;
      readonly names: string[];
      readonly line: number;
    };

/** Text of the template, or an expression to print. */
export type OutputPart = { readonly type: "Data"; readonly text: string; readonly line: number } | Expression;
