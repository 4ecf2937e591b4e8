// The client's names for what the engine refuses by its own: a constraint, a tool's schema.
import { BaimoError } from "../../errors.ts";

/** What the client calls an option: of the prompt, the constraint, the effort, and each tool's function. */
export interface OptionNames {
  readonly constraint?: string;
  /** Of what the engine finds too long. */
  readonly prompt?: string;
  readonly effort?: string;
  /** `tools[1].function` and so on, of the tools that the model is offered. */
  readonly tools?: readonly string[];
  /** Of a tool's schema. Default: `parameters`. */
  readonly schema?: string;
}

/**
 * An error about a constraint, a tool's schema or a template's variable by the place where the client put it:
 * `response_format.json_schema.schema/properties/a/pattern`.
 */
export function renamed(
  error: unknown,
  { prompt, constraint, tools = [], schema = "parameters" }: OptionNames,
): unknown {
  if (!(error instanceof BaimoError)) return error;
  const { code, message, option, cause } = error;
  if (code === "context") return new BaimoError(code, message, { cause, option: prompt });
  if (option === undefined) return error;
  const [ofConstraint] = /^constraint(\.\w+)?/.exec(option) ?? [];
  const [ofTool, place] = /^tools\[(\d+)\]\.function/.exec(option) ?? [];
  let name = option.replace(/^templateVariables/, "chat_template_kwargs");
  if (ofConstraint && constraint) name = constraint + option.slice(ofConstraint.length);
  if (ofTool)
    name = tools[Number(place)] + option.slice(ofTool.length).replace(/^\.parameters/, `.${schema}`);
  if (name === option) return error;
  const said = message.startsWith(option) ? name + message.slice(option.length) : message;
  return new BaimoError(code, said, { cause, option: name });
}
