// Calls that must come, as a constraint: the grammar of a format with the schemas of its tools.
import { BaimoError } from "../../errors.ts";
import type { ConstraintSpec } from "../constrain/constraint.ts";
import type { AnswerFormat } from "./format.ts";
import { callGrammar, type Grammar, type OfferedTool } from "./grammar.ts";
import { isText, typesOf } from "./raw-value.ts";

const NOTHING: ConstraintSpec = { sequence: [] };
const ANY_TEXT = { type: "string" };

/** How calls must come. */
export interface CallConstraintOptions {
  /** There may be several. */
  readonly parallel: boolean;
  /** Reasoning comes before calls: it may, it has begun with the prompt, or it does not. */
  readonly reasoning: "possible" | "begun" | "none";
}

/**
 * An answer that is calls of these tools, after reasoning where the model reasons.
 * @throws {BaimoError} `request` where the format's arguments are not JSON
 */
export function callConstraint(
  format: AnswerFormat,
  tools: readonly OfferedTool[],
  { parallel, reasoning }: CallConstraintOptions,
): ConstraintSpec {
  const grammar = callGrammar(format, tools, { parallel });
  if (!grammar) throw new BaimoError("request", `answers of format ${format.name} have no tool calls`);
  const calls = toSpec(grammar.calls, format);
  if (!grammar.reasoning || reasoning === "none") return calls;
  if (reasoning === "possible") return { sequence: [optional(toSpec(grammar.reasoning, format)), calls] };
  const parts = grammar.reasoning.kind === "sequence" ? grammar.reasoning.parts : [];
  const rest = parts.slice(parts.findIndex(({ kind }) => kind === "text"));
  return { sequence: [...rest.map((part) => toSpec(part, format)), calls] };
}

const optional = (part: ConstraintSpec): ConstraintSpec => ({ either: [part, NOTHING] });

function toSpec(grammar: Grammar, format: AnswerFormat): ConstraintSpec {
  const each = (parts: readonly Grammar[]) => parts.map((part) => toSpec(part, format));
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
      return optional(toSpec(grammar.part, format));
    case "repeat":
      return { repeat: toSpec(grammar.part, format), between: grammar.between };
    case "call":
      return toSpec(grammar.part, format);
    case "arguments":
      if (grammar.dialect.name === "json") return { schema: grammar.schema ?? {} };
      throw new BaimoError(
        "request",
        `tool calls cannot be demanded of this model: its arguments (${format.name}) are not JSON; use toolChoice "auto"`,
      );
    case "value": {
      const { schema, root, key, until } = grammar;
      const at = `/properties/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return isText(typesOf(schema, root)) ? { stringOf: root, at, without: until } : { schema: root, at };
    }
  }
}
