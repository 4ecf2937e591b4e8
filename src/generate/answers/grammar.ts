// The grammar of a format's calls, made of the parts that its reader reads.
import { isRecord } from "../../json.ts";
import { type Dialect, JSON_DIALECT } from "./dialects.ts";
import type { AnswerFormat, Span } from "./format.ts";
import { beginningsOf, type ParametersPart, type Part } from "./pattern.ts";
import { isText, type Schema, typesOf } from "./raw-value.ts";

/** A tool that is offered. */
export interface OfferedTool {
  readonly name: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Schema;
  /** Where that schema stands, for errors: "tools[0].function.parameters". */
  readonly at?: string;
  /** Its calls are held to the schema wherever the model makes one. */
  readonly isStrict?: boolean;
}

/** What a text may be. */
export type Grammar =
  | { readonly kind: "literal"; readonly text: string }
  /** Digits. */
  | { readonly kind: "number" }
  /** Any text that does not hold another. */
  | { readonly kind: "text"; readonly until: string }
  | { readonly kind: "sequence"; readonly parts: readonly Grammar[] }
  | { readonly kind: "choice"; readonly options: readonly Grammar[] }
  | { readonly kind: "optional"; readonly part: Grammar }
  /** Once or more. */
  | { readonly kind: "repeat"; readonly part: Grammar; readonly between: string }
  /** The call of one tool. */
  | { readonly kind: "call"; readonly tool: string; readonly part: Grammar }
  /** All arguments in one piece. */
  | { readonly kind: "arguments"; readonly schema: Schema; readonly dialect: Dialect }
  | ValueGrammar;

/** One argument without quotes: a text as it is, or JSON. */
export interface ValueGrammar {
  readonly kind: "value";
  readonly key: string;
  readonly schema: Schema;
  /** What the schema's references name. */
  readonly root: Schema;
  /** What the value does not hold. */
  readonly until: string;
}

/** How calls are held to their format. */
export interface CallGrammar {
  readonly calls: Grammar;
  /** Texts that begin a call. Where calls may come or not, the answer is free up to one of them. */
  readonly begins: readonly string[];
  /** Calls come before any content or not at all. */
  readonly callsOnly: boolean;
  /** Reasoning, which may come before calls also where they must come. */
  readonly reasoning?: Grammar;
}

/** Options of `callGrammar`. */
export interface CallGrammarOptions {
  /** Several calls in one answer. */
  readonly parallel: boolean;
}

/** The grammar of the calls of some tools; undefined for a format without calls. */
export function callGrammar(
  { calls, begins, callsOnly = false, reasoning, another }: AnswerFormat,
  tools: readonly OfferedTool[],
  { parallel }: CallGrammarOptions,
): CallGrammar | undefined {
  if (!calls) return undefined;
  const grammar = {
    calls: grammarOf(calls, { tools, parallel }),
    begins: begins ?? beginningsOf(calls),
    callsOnly,
  };
  return { ...grammar, reasoning: reasoningGrammar({ reasoning, another }) };
}

/** The grammar of a format's reasoning, and of what stands between it and the rest. */
export function reasoningGrammar({
  reasoning,
  another = "",
}: Pick<AnswerFormat, "reasoning" | "another">): Grammar | undefined {
  if (!reasoning) return undefined;
  const [close] = reasoning.close;
  return sequence([openOf(reasoning), { kind: "text", until: close }, literal(close + another)]);
}

/** What stands before a stretch of text. */
const openOf = ({ open }: Span): Grammar =>
  literal(
    open.map((part) => (typeof part === "string" ? part : part.kind === "skip" ? part.until : "")).join(""),
  );

/** The content of a format that marks it: stretches one after another, up to the mark that would end the last. */
export function contentGrammar({
  content = [],
  another = "",
}: Pick<AnswerFormat, "content" | "another">): { stretches: Grammar; close: string } | undefined {
  const [first] = content;
  if (!first) return undefined;
  const [close] = first.close;
  const stretch = choice(content.map((span) => sequence([openOf(span), { kind: "text", until: close }])));
  return { stretches: { kind: "repeat", part: stretch, between: close + another }, close };
}

/** What parts are written with: the tools that are possible, of which one is the call's. */
interface Writing {
  readonly tools: readonly OfferedTool[];
  readonly parallel: boolean;
  readonly tool?: OfferedTool;
}

function grammarOf(parts: readonly Part[], writing: Writing): Grammar {
  return sequence(parts.flatMap((part, index) => grammarOfPart(part, writing, index === 0)));
}

function grammarOfPart(part: Part, writing: Writing, isFirst: boolean): Grammar[] {
  if (typeof part === "string") return [literal(part)];
  const { tool, tools, parallel } = writing;
  switch (part.kind) {
    case "maybe":
      // Without it a call begins otherwise, and is read.
      if (isFirst) return [{ kind: "optional", part: grammarOf(part.parts, writing) }];
      return part.written ? [grammarOf(part.parts, writing)] : [];
    case "either":
      return [choice(part.ways.slice(0, part.written).map((way) => grammarOf(way, writing)))];
    case "calls": {
      const call = choice(
        tools.map((each) => ({
          kind: "call",
          tool: each.name,
          part: grammarOf(part.call, { tools, parallel, tool: each }),
        })),
      );
      return [parallel && !part.single ? { kind: "repeat", part: call, between: part.between } : call];
    }
    case "skip":
    case "before":
      return [];
  }
  if (!tool) throw new TypeError(`a ${part.kind} stands outside of a call`);
  const schema = tool.parameters ?? {};
  switch (part.kind) {
    case "name": {
      const name = literal(`${part.before ?? ""}${tool.name}${part.after ?? ""}`);
      return part.numbered ? [name, literal(":"), { kind: "number" }] : [name];
    }
    case "arguments":
      return [{ kind: "arguments", schema, dialect: part.dialect }];
    case "envelope": {
      const numbered = part.numbered && [
        literal(`"${part.numbered}": "`),
        { kind: "number" } as const,
        literal('", '),
      ];
      return [
        literal("{"),
        ...(numbered || []),
        literal(`"${part.name[0]}": ${JSON.stringify(tool.name)}, "${part.arguments[0]}": `),
        { kind: "arguments", schema, dialect: JSON_DIALECT },
        literal("}"),
      ];
    }
    case "parameters":
      return parametersOf(part, schema);
  }
}

/** The parameters in the order of the schema; those that are not required may be missing. */
function parametersOf(part: ParametersPart, schema: Schema): Grammar[] {
  const properties = isRecord(schema) && isRecord(schema.properties) ? schema.properties : {};
  const required: unknown[] = isRecord(schema) && Array.isArray(schema.required) ? schema.required : [];
  const parameters = Object.entries(properties).map(([key, property]): Grammar => {
    const isString = isText(typesOf(property, schema));
    const open = part.open.map((piece) =>
      piece === "KEY" ? key : piece === "IS_STRING" ? String(isString) : piece,
    );
    const written = sequence([
      literal(open.join("")),
      { kind: "value", key, schema: property, root: schema, until: part.close.trim() },
      literal(part.close),
    ]);
    return required.includes(key) ? written : { kind: "optional", part: written };
  });
  return [...parameters, literal(part.end)];
}

function literal(text: string): Grammar {
  return { kind: "literal", text };
}

function choice(options: readonly Grammar[]): Grammar {
  return options.length === 1 ? options[0] : { kind: "choice", options };
}

/** Parts one after another; texts that stand side by side are one. */
function sequence(parts: readonly Grammar[]): Grammar {
  const joined: Grammar[] = [];
  for (const part of parts.flatMap((each) => (each.kind === "sequence" ? each.parts : [each]))) {
    const before = joined.at(-1);
    if (part.kind === "literal" && part.text === "") continue;
    if (part.kind === "literal" && before?.kind === "literal")
      joined[joined.length - 1] = literal(before.text + part.text);
    else joined.push(part);
  }
  return joined.length === 1 ? joined[0] : { kind: "sequence", parts: joined };
}
