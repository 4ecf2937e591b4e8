// What an answer must be, as a constraint: reasoning, then calls of its tools, or another form.
import { BaimoError } from "../../errors.ts";
import type { ConstraintSpec } from "../constrain/constraint.ts";
import type { AnswerFormat } from "./format.ts";
import { callGrammar, type Grammar, type OfferedTool, reasoningGrammar } from "./grammar.ts";
import { isText, typesOf } from "./raw-value.ts";

const NOTHING: ConstraintSpec = { sequence: [] };
const ANY_TEXT = { type: "string" };

/** What an answer must be. */
export interface AnswerDemand {
  /** Tools that may be called; none: no calls. */
  readonly tools: readonly OfferedTool[];
  /** There may be several calls. */
  readonly parallel: boolean;
  /** What an answer without calls must be. Undefined: there must be calls. */
  readonly otherwise?: ConstraintSpec;
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
  const calls = grammar && toSpec(grammar.calls, { format, tools });
  const ways = [otherwise, calls].filter((way) => way !== undefined);
  const answer = ways.length === 1 ? ways[0] : { either: ways };
  const reasoned = reasoningGrammar(format);
  if (!reasoned || reasoning === "none") return answer;
  const writing = { format, tools };
  if (reasoning === "possible") return { sequence: [optional(toSpec(reasoned, writing)), answer] };
  const parts = reasoned.kind === "sequence" ? reasoned.parts : [];
  const rest = parts.slice(parts.findIndex(({ kind }) => kind === "text"));
  return { sequence: [...rest.map((part) => toSpec(part, writing)), answer] };
}

const optional = (part: ConstraintSpec): ConstraintSpec => ({ either: [part, NOTHING] });

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
