// Tools as a response's request has them: functions, flat, and which of them may or must be called.
import { choice, fields, flag, list, plain, required, text } from "../../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, refusal } from "../../options.ts";
import { plainNumbers } from "../../python-json.ts";
import { notDone, only } from "./fields.ts";
import {
  allowedTools,
  choiceWords,
  functionName,
  functionOf,
  type Offer,
  readTools,
  type ToolChoice,
} from "./tools.ts";

const toolType = choice("function");
const flatTool = fields({
  type: required(toolType),
  name: required(functionName),
  description: text({ least: 0, most: 65_536 }),
  parameters: plain,
  strict: flag,
  defer_loading: only(false),
  allowed_callers: notDone("the model alone calls tools"),
  output_schema: notDone("what a tool answers is not checked"),
});

/** A function; other tools are those of another server, which are refused by their type before anything else. */
const tool: typeof flatTool = {
  ...flatTool,
  read(value, name, door) {
    toolType.read(plain.read(value, name, door).type, `${name}.type`, door);
    return flatTool.read(value, name, door);
  },
};

const toolChoice: Kind<ToolChoice> = {
  kind: "tool choice",
  allowed: `${choiceWords.allowed}, { "type": "function", "name": … } or { "type": "allowed_tools", "mode": …, "tools": … }`,
  schema: { anyOf: [choiceWords.schema, { type: "object" }] },
  read(value, name, door) {
    if (typeof value === "string") return choiceWords.read(value, name, door);
    if (!isPlain(value)) throw refusal("type", name, value, this.allowed, door);
    const { type, ...rest } = value;
    const chosen = choice("function", "allowed_tools").read(type, `${name}.type`, door);
    if (chosen === "function") return { name: functionOf.read(value, name, door) };
    const { mode, tools } = allowedTools.read(rest, name, door);
    return { mode, allowed: tools };
  },
};

export const responseToolFields = {
  tools: list(tool, { most: 4096 }),
  tool_choice: toolChoice,
  parallel_tool_calls: flag,
};

type Body = OptionsOf<typeof responseToolFields>;

/** What the model is offered. @throws {Problem} 400 for a choice among tools that are not there, and for two of one name */
export function readResponseTools({ tools, tool_choice, parallel_tool_calls }: Body): Offer {
  const nested = tools?.map(({ name, description, parameters, strict }) => ({
    type: "function" as const,
    function: { name, description, parameters, strict },
  }));
  return readTools(
    { tools: nested, tool_choice, parallel_tool_calls },
    { tool: (i) => `tools[${i}]`, allowed: (i) => `tool_choice.tools[${i}]` },
  );
}

/** The same as answers repeat it. */
export function repeatTools({ tools = [], tool_choice: chosen = "auto", parallel_tool_calls = true }: Body) {
  return {
    tools: tools.map(({ name, description = null, parameters, strict = false }) => ({
      type: "function",
      name,
      description,
      parameters: plainNumbers(parameters ?? null),
      strict,
    })),
    tool_choice: repeatChoice(chosen),
    parallel_tool_calls,
  };
}

function repeatChoice(chosen: ToolChoice): string | object {
  if (typeof chosen === "string") return chosen;
  if ("name" in chosen) return { type: "function", name: chosen.name };
  const { mode, allowed } = chosen;
  return { type: "allowed_tools", mode, tools: allowed.map((name) => ({ type: "function", name })) };
}
