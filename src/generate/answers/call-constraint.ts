// What an answer must be, as a constraint: reasoning, then calls of its tools, or another form.
import { BaimoError } from "../../errors.ts";
import type { ConstraintSpec } from "../constrain/constraint.ts";
import type { Dialect } from "./dialects.ts";
import type { AnswerFormat } from "./format.ts";
import {
  type CallGrammar,
  callGrammar,
  contentGrammar,
  type Grammar,
  type OfferedTool,
  reasoningGrammar,
} from "./grammar.ts";
import { isText, typesOf } from "./raw-value.ts";

const NOTHING: ConstraintSpec = { sequence: [] };
const ANY_TEXT = { type: "string" };

/** What an answer must be. */
export interface AnswerDemand {
  /** Tools that may be called; none: no calls. */
  readonly tools: readonly OfferedTool[];
  /** There may be several calls. */
  readonly parallel: boolean;
  /** What an answer without calls must be; "text": any text, calls may follow it. Undefined: there must be calls. */
  readonly otherwise?: ConstraintSpec | "text";
}

/** Whether reasoning comes first: it may, it has begun with the prompt, or it does not. */
export type ReasoningFirst = "possible" | "begun" | "none";

/**
 * An answer that is calls or what else it must be, after reasoning where the model reasons.
 * @throws {BaimoError} `request` where the format's arguments are not JSON
 */
export function answerConstraint(
  format: AnswerFormat,
  { tools, parallel, otherwise }: AnswerDemand,
  reasoning: ReasoningFirst,
): ConstraintSpec {
  const grammar = tools.length > 0 ? callGrammar(format, tools, { parallel }) : undefined;
  if (tools.length > 0 && !grammar)
    throw new BaimoError("request", `answers of format ${format.name} have no tool calls`);
  const writing = { format, tools };
  const calls =
    grammar && (otherwise === "text" ? textOrCalls(grammar, writing) : toSpec(grammar.calls, writing));
  const ways = [otherwise === "text" ? undefined : otherwise, calls].filter((way) => way !== undefined);
  const answer = ways.length === 1 ? ways[0] : { either: ways };
  const reasoned = reasoningGrammar(format);
  if (!reasoned || reasoning === "none") return answer;
  if (reasoning === "possible") return { sequence: [optional(toSpec(reasoned, writing)), answer] };
  const parts = reasoned.kind === "sequence" ? reasoned.parts : [];
  const rest = parts.slice(parts.findIndex(({ kind }) => kind === "text"));
  return { sequence: [...rest.map((part) => toSpec(part, writing)), answer] };
}

const optional = (part: ConstraintSpec): ConstraintSpec => ({ either: [part, NOTHING] });

/** Any text, which may end in calls, or calls alone. @throws {BaimoError} `request` where calls cannot be held to schemas */
function textOrCalls({ calls, begins, callsOnly }: CallGrammar, writing: Writing): ConstraintSpec {
  const { format, tools } = writing;
  const isJson = dialectsOf(calls).every(({ name }) => name === "json");
  if (!isJson) {
    const strict = tools.find(({ isStrict }) => isStrict)?.at?.replace("parameters", "strict") ?? "tools";
    const message = `${strict} is true, but calls of this model (${format.name}) can only be read, not held to a schema`;
    throw new BaimoError("request", `${message}; leave it out`, { option: strict });
  }
  // Special tokens stand in no text.
  const marks = begins.filter((mark) => !/\p{Surrogate}/u.test(mark)).map(escaped);
  const written = toSpec(calls, writing);
  const content = contentGrammar(format);
  if (content) {
    const { close, stretches } = content;
    const { another } = format;
    const begun = toSpec(stretches, writing);
    const closed: ConstraintSpec = { choice: [close] };
    const more: ConstraintSpec = { sequence: [{ choice: [close + (another ?? "")] }, written] };
    const said: ConstraintSpec = { sequence: [begun, { either: [NOTHING, closed, more] }] };
    // Where each message of an answer is marked, none is without.
    return another === undefined ? { either: [said, unmarked(marks, written)] } : { either: [said, written] };
  }
  if (!callsOnly) return unmarked(marks, written);
  if (marks.length === 0) return unmarked(marks, written);
  const pattern = `^(${marks.join("|")})`;
  return { either: [{ stringOf: { type: "string", not: { pattern } } }, written] };
}

/** Text up to a mark of calls, which may follow it. */
function unmarked(marks: readonly string[], calls: ConstraintSpec): ConstraintSpec {
  const text = marks.length === 0 ? ANY_TEXT : { type: "string", not: { pattern: marks.join("|") } };
  return { sequence: [optional({ stringOf: text }), optional(calls)] };
}

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}/]/g, "\\$&");

/** The forms in which a grammar's arguments are written. */
function dialectsOf(grammar: Grammar): Dialect[] {
  switch (grammar.kind) {
    case "arguments":
      return [grammar.dialect];
    case "sequence":
      return grammar.parts.flatMap(dialectsOf);
    case "choice":
      return grammar.options.flatMap(dialectsOf);
    case "optional":
    case "repeat":
    case "call":
      return dialectsOf(grammar.part);
    default:
      return [];
  }
}

/** What a grammar is written for: the tool is that of the call it stands in. */
interface Writing {
  readonly format: AnswerFormat;
  readonly tools: readonly OfferedTool[];
  readonly tool?: OfferedTool;
}

function toSpec(grammar: Grammar, writing: Writing): ConstraintSpec {
  const { format, tools, tool } = writing;
  const each = (parts: readonly Grammar[]) => parts.map((part) => toSpec(part, writing));
  switch (grammar.kind) {
    case "literal":
      return { choice: [grammar.text] };
    case "number":
      return { regex: "0|[1-9][0-9]{0,5}" };
    case "text":
      return { stringOf: ANY_TEXT, without: grammar.until };
    case "sequence":
      return { sequence: each(grammar.parts) };
    case "choice":
      return { either: each(grammar.options) };
    case "optional":
      return optional(toSpec(grammar.part, writing));
    case "repeat":
      return { repeat: toSpec(grammar.part, writing), between: grammar.between };
    case "call":
      return toSpec(grammar.part, { format, tools, tool: tools.find(({ name }) => name === grammar.tool) });
    case "arguments":
      if (grammar.dialect.name === "json") return { schema: grammar.schema ?? {}, name: tool?.at };
      throw new BaimoError(
        "request",
        `tool calls cannot be demanded of this model: its arguments (${format.name}) are not JSON; use toolChoice "auto"`,
      );
    case "value": {
      const { schema, root, key, until } = grammar;
      const at = `/properties/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return isText(typesOf(schema, root))
        ? { stringOf: root, at, name: tool?.at, without: until }
        : { schema: root, at, name: tool?.at };
    }
  }
}
