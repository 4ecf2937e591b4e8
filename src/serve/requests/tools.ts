// Fields that offer tools: the tools, and which of them may or must be called.
import type { ChatOptions } from "../../generate/types.ts";
import { choice, fields, flag, list, plain, required, text } from "../../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, refusal } from "../../options.ts";
import { badParameter } from "../problem.ts";
import { isGiven, notDone } from "./fields.ts";

// Made once: a request may have thousands of tools.
const functionType = choice("function");
export const functionName = text({ most: 256 });
const descriptionText = text({ least: 0, most: 65_536 });

/** A tool as OpenAI writes it. */
export interface Tool {
  readonly type: "function";
  readonly function: { readonly name: string; readonly [field: string]: unknown };
}

const tool: Kind<Tool> = {
  kind: "tool",
  allowed: 'an object such as { "type": "function", "function": { "name": "weather" } }',
  schema: {
    type: "object",
    properties: {
      type: { const: "function" },
      function: {
        type: "object",
        properties: {
          name: functionName.schema,
          description: { type: ["string", "null"] },
          parameters: { type: ["object", "null"] },
          strict: { type: ["boolean", "null"] },
        },
        required: ["name"],
      },
    },
    required: ["type", "function"],
  },
  read(value, name, door) {
    const { type, function: described } = plain.read(value, name, door);
    functionType.read(type, `${name}.type`, door);
    const { name: called, description, parameters, strict } = plain.read(described, `${name}.function`, door);
    functionName.read(called, `${name}.function.name`, door);
    if (isGiven(description)) descriptionText.read(description, `${name}.function.description`, door);
    if (isGiven(parameters)) plain.read(parameters, `${name}.function.parameters`, door);
    if (isGiven(strict)) flag.read(strict, `${name}.function.strict`, door);
    return value as Tool; // just read
  },
};

/** Which calls may come: OpenAI's words, a function, or some of the tools. */
export type ToolChoice =
  | "auto"
  | "none"
  | "required"
  | { readonly name: string }
  | { readonly mode: "auto" | "required"; readonly allowed: readonly string[] };

export const choiceWords = choice("auto", "none", "required");
const named = fields({ type: required(choice("function")), name: required(functionName) });
export const functionOf: Kind<string> = {
  kind: "function",
  allowed: 'an object such as { "type": "function", "function": { "name": "weather" } }',
  schema: { type: "object" },
  read(value, name, door) {
    const { type, function: described, name: flat } = plain.read(value, name, door);
    functionType.read(type, `${name}.type`, door);
    if (isGiven(flat)) return named.read(value, name, door).name;
    const { name: called } = plain.read(described, `${name}.function`, door);
    return functionName.read(called, `${name}.function.name`, door);
  },
};
export const allowedTools = fields({
  mode: required(choice("auto", "required")),
  tools: required(list(functionOf, { least: 1, most: 4096 })),
});

const toolChoice: Kind<ToolChoice> = {
  kind: "tool choice",
  allowed: `${choiceWords.allowed}, { "type": "function", "function": { "name": … } } or { "type": "allowed_tools", … }`,
  schema: { anyOf: [choiceWords.schema, { type: "object" }] },
  read(value, name, door) {
    if (typeof value === "string") return choiceWords.read(value, name, door);
    if (!isPlain(value)) throw refusal("type", name, value, this.allowed, door);
    const type = choice("function", "allowed_tools").read(value.type, `${name}.type`, door);
    if (type === "function") return { name: functionOf.read(value, name, door) };
    const { mode, tools } = allowedTools.read(value.allowed_tools, `${name}.allowed_tools`, door);
    return { mode, allowed: tools };
  },
};

export const toolFields = {
  tools: list(tool, { most: 4096 }),
  tool_choice: toolChoice,
  parallel_tool_calls: flag,
  functions: notDone("tools are the newer name for it"),
  function_call: notDone("tool_choice is the newer name for it"),
};

/** What the model is offered, and what the client calls the function of each tool: `tools[1].function`. */
export interface Offer extends Pick<ChatOptions, "tools" | "toolChoice" | "parallelToolCalls"> {
  readonly places: readonly string[];
}

/** Where a client puts the function of a tool, and one of the allowed tools, by their index. */
export interface ToolPlaces {
  tool(index: number): string;
  allowed(index: number): string;
}

const chatPlaces: ToolPlaces = {
  tool: (index) => `tools[${index}].function`,
  allowed: (index) => `tool_choice.allowed_tools.tools[${index}]`,
};

/** @throws {Problem} 400 for a choice among tools that are not there, and for two of one name */
export function readTools(
  body: Pick<OptionsOf<typeof toolFields>, "tools" | "tool_choice" | "parallel_tool_calls">,
  where = chatPlaces,
): Offer {
  const { tools = [], tool_choice: chosen = "auto", parallel_tool_calls: parallelToolCalls } = body;
  const nothing = { tools: undefined, toolChoice: undefined, parallelToolCalls, places: [] };
  const names = tools.map((each) => each.function.name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) === i) continue;
    const param = `${where.tool(i)}.name`;
    throw badParameter(
      param,
      "invalid_value",
      `'${param}' is ${JSON.stringify(name)}, as that of another tool`,
    );
  }
  const known = (name: string, param: string) => {
    if (names.includes(name)) return;
    const there =
      names
        .map((each) => JSON.stringify(each))
        .join(", ")
        .slice(0, 200) || "none";
    const message = `'${param}' names ${JSON.stringify(name.slice(0, 60))}, but the tools are: ${there}`;
    throw badParameter(param, "invalid_value", message);
  };
  const places = tools.map((_, i) => where.tool(i));
  if (typeof chosen === "object" && "allowed" in chosen) {
    for (const [i, name] of chosen.allowed.entries()) known(name, where.allowed(i));
    const allowed = [...tools.keys()].filter((i) => chosen.allowed.includes(names[i]));
    return {
      tools: allowed.map((i) => tools[i]),
      toolChoice: chosen.mode,
      parallelToolCalls,
      places: allowed.map((i) => places[i]),
    };
  }
  if (typeof chosen === "object") known(chosen.name, "tool_choice");
  if (chosen === "required" && tools.length === 0) {
    throw badParameter(
      "tool_choice",
      "invalid_value",
      "'tool_choice' is \"required\", but there are no tools",
    );
  }
  if (tools.length === 0 || chosen === "none") return nothing;
  return { tools, toolChoice: chosen, parallelToolCalls, places };
}
