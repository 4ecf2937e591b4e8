// Reads and checks the body of Anthropic's POST /v1/messages.
import { generateTable } from "../../generate/options.ts";
import type { ChatMessage, ChatOptions } from "../../generate/types.ts";
import { choice, fields, flag, list, plain, required, text, whole, withDefault } from "../../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, refusal } from "../../options.ts";
import { modelId } from "../models/recipe.ts";
import { badParameter } from "../problem.ts";
import type { ChatRequest } from "./chat-request.ts";
import { ignored, notDone, only } from "./fields.ts";
import { blocksOfText, messages } from "./message-blocks.ts";
import { leftToModel } from "./sampling.ts";
import { budgetVariables, thinkingVariables } from "./thinking.ts";
import { functionName, readTools, type Tool } from "./tools.ts";

const own = generateTable();

const described = fields({
  type: only("custom"),
  name: required(functionName),
  description: text({ least: 0, most: 65_536 }),
  input_schema: required(plain),
  strict: flag,
  cache_control: ignored,
  eager_input_streaming: ignored,
});

const tool: Kind<Tool> = {
  kind: "tool",
  allowed: 'an object such as { "name": "weather", "input_schema": { "type": "object" } }',
  schema: described.schema,
  table: described.table,
  read(value, at, door) {
    const { name, description, input_schema: parameters, strict } = described.read(value, at, door);
    return { type: "function", function: { name, description, parameters, strict } };
  },
};

/** An edit that takes nothing out of the conversation. */
const keepsAll: Kind<unknown> = {
  kind: "edit",
  allowed: 'an edit with "keep": "all": this server takes nothing out of a conversation',
  schema: { type: "object", properties: { keep: { const: "all" } }, required: ["keep"] },
  read(value, name, door) {
    if (isPlain(value) && value.keep === "all") return value;
    throw refusal("value", name, value, this.allowed, door);
  },
};

const toolChoice = fields({
  type: required(choice("auto", "any", "tool", "none")),
  name: functionName,
  disable_parallel_tool_use: flag,
});

/** What makes the prompt. */
const promptFields = {
  model: modelId,
  messages: required(messages),
  system: blocksOfText,
  tools: list(tool, { most: 4096 }),
  tool_choice: toolChoice,
  thinking: fields({
    type: required(choice("enabled", "adaptive", "disabled")),
    budget_tokens: whole({ min: 1 }),
    display: only("summarized"),
  }),
  output_config: fields({
    effort: text({ most: 64 }),
    format: fields({ type: required(choice("json_schema")), schema: required(plain) }),
  }),
  cache_control: ignored,
  context_management: fields({ edits: list(keepsAll, { most: 64 }) }),
  mcp_servers: notDone("this server calls no others"),
};

export const countRequestTable = promptFields;

export const messageRequestTable = {
  ...promptFields,
  max_tokens: required(whole({ min: 1, max: 2 ** 31 - 1 })),
  stop_sequences: withDefault(own.stop, []),
  temperature: leftToModel(own.temperature),
  top_p: leftToModel(own.topP),
  top_k: leftToModel(own.topK),
  stream: withDefault(flag, false),
  container: notDone("nothing is run here"),
  inference_geo: ignored,
  metadata: ignored,
  service_tier: ignored,
};

type Prompt = OptionsOf<typeof promptFields>;

/** What a request comes to for one model. */
interface Given {
  /** The sources of its chat templates. */
  readonly templates: string;
  /** Takes names of fields that change no answer of this model. */
  readonly ignored: string[];
}

/** @throws {Problem} 400 that names the parameter */
export function toMessageChat(body: OptionsOf<typeof messageRequestTable>, given: Given): ChatRequest {
  const chat = toPrompt(body, given);
  const [options] = chat.choices;
  options.maxTokens = body.max_tokens;
  options.stop = body.stop_sequences;
  options.temperature = body.temperature;
  options.topP = body.top_p;
  options.topK = body.top_k;
  options.readAnswer = true;
  return { ...chat, stream: body.stream };
}

/** The part of it that makes the prompt. */
export function toPrompt(body: Prompt, given: Given): ChatRequest {
  const { system, output_config: output } = body;
  const {
    places,
    tools,
    toolChoice,
    parallelToolCalls = true,
  } = readTools(
    {
      tools: body.tools,
      tool_choice: choiceOf(body.tool_choice),
      parallel_tool_calls: !body.tool_choice?.disable_parallel_tool_use,
    },
    { tool: (i) => `tools[${i}]`, allowed: () => "tool_choice.name" },
  );
  const first: ChatMessage[] = system === undefined ? [] : [{ role: "system", content: system }];
  const options: ChatOptions = {
    tools,
    toolChoice,
    parallelToolCalls,
    constraint: output?.format && { schema: output.format.schema },
    templateVariables: variablesOf(body, given),
  };
  return {
    model: body.model,
    messages: [...first, ...body.messages],
    choices: [options],
    effort: effortOf(body, given),
    parallelToolCalls,
    stream: false,
    includeUsage: false,
    names: {
      constraint: "output_config.format.schema",
      effort: body.thinking?.type === "disabled" ? "thinking" : "output_config.effort",
      tools: places,
      schema: "input_schema",
    },
  };
}

function choiceOf(chosen: Prompt["tool_choice"]) {
  if (!chosen) return undefined;
  const { type, name } = chosen;
  if (type === "any") return "required";
  if (type !== "tool") return type;
  if (name !== undefined) return { name };
  throw badParameter(
    "tool_choice.name",
    "missing_required_parameter",
    "'tool_choice.name' is missing; it must be a tool's",
  );
}

function variablesOf({ thinking }: Prompt, { templates, ignored }: Given): ChatOptions["templateVariables"] {
  if (thinking?.type !== "enabled") return undefined;
  const { budget_tokens: budget } = thinking;
  const variables = thinkingVariables(templates, "thinking");
  const bound = budget === undefined ? {} : budgetVariables(budget, templates);
  if (!bound) ignored.push("thinking.budget_tokens");
  return { ...variables, ...bound };
}

/** How much to reason; "high" is what comes without a word. */
function effortOf({ thinking, output_config: output }: Prompt, { templates }: Given): string | undefined {
  if (thinking?.type === "disabled") return "none";
  const effort = output?.effort;
  return effort === "high" && !/\breasoning_effort\b/.test(templates) ? undefined : effort;
}
