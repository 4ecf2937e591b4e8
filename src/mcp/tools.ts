// What a server's models can be asked for by MCP: each tool, and the route that answers it.
import { BaimoError } from "../errors.ts";
import { isRecord, type JsonSchema } from "../json.ts";
import { echoBody, echoedScore, firstChoice, type Reply } from "../upstream/echo.ts";

/** Asks a route of the server. */
export type AskRoute = (path: string, body?: object) => Promise<Reply>;

/** A tool as MCP lists it, and how it is answered. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  answer(given: Reply, ask: AskRoute): Promise<Reply>;
}

const TEXT = { type: "string" };
const NUMBER = { type: "number" };
const COUNT = { type: "integer", minimum: 0 };
const listOf = (items: JsonSchema, more: object = {}): JsonSchema => ({ type: "array", items, ...more });
const object = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const model = { type: "string", description: "A model's id; may be left out where there is one alone." };
const sampling = {
  max_tokens: { type: "integer", minimum: 0 },
  temperature: { type: "number", minimum: 0 },
  top_p: { type: "number", exclusiveMinimum: 0, maximum: 1 },
  seed: { type: "integer", minimum: 0 },
  stop: listOf(TEXT, { maxItems: 16 }),
};
const usage = object({ prompt_tokens: COUNT, completion_tokens: COUNT, total_tokens: COUNT }, [
  "total_tokens",
]);
const written = { text: TEXT, finish_reason: TEXT, usage };

const message = object({ role: { enum: ["system", "user", "assistant"] }, content: TEXT }, [
  "role",
  "content",
]);

export const TOOLS: readonly Tool[] = [
  {
    name: "models",
    description: "Lists the models: what each can be asked for, how long its context is, what it costs.",
    input: object({}, []),
    output: object({ models: listOf({ type: "object", properties: { id: TEXT }, required: ["id"] }) }, [
      "models",
    ]),
    answer: async (_, ask) => ({ models: (await ask("/v1/models")).data }),
  },
  {
    name: "chat",
    description: "Has a model answer a conversation, as text or as JSON of a schema.",
    input: object(
      { model, messages: listOf(message, { minItems: 1 }), ...sampling, schema: { type: "object" } },
      ["messages"],
    ),
    output: object({ ...written, reasoning: TEXT }, ["text", "finish_reason", "usage"]),
    async answer({ schema, ...given }, ask) {
      const format = { type: "json_schema", json_schema: { name: "answer", schema } };
      const body = schema === undefined ? given : { ...given, response_format: format };
      const reply = await ask("/v1/chat/completions", body);
      const { message: said, finish_reason } = choiceOf(reply);
      const { content, reasoning_content } = isRecord(said) ? said : {};
      const answer = { text: content ?? "", finish_reason, usage: countsOf(reply) };
      return reasoning_content === undefined ? answer : { ...answer, reasoning: reasoning_content };
    },
  },
  {
    name: "complete",
    description: "Has a model go on with a text.",
    input: object({ model, prompt: TEXT, ...sampling }, ["prompt"]),
    output: object(written, ["text", "finish_reason", "usage"]),
    async answer(given, ask) {
      const reply = await ask("/v1/completions", given);
      const { text, finish_reason } = choiceOf(reply);
      return { text, finish_reason, usage: countsOf(reply) };
    },
  },
  {
    name: "score",
    description:
      "How likely a model finds continuations of a context: the logarithm of each one's probability.",
    input: object({ model, context: TEXT, continuations: listOf(TEXT, { minItems: 1, maxItems: 256 }) }, [
      "context",
      "continuations",
    ]),
    output: object(
      {
        scores: listOf(
          object({ continuation: TEXT, logprob: NUMBER, is_greedy: { type: "boolean" } }, [
            "continuation",
            "logprob",
            "is_greedy",
          ]),
        ),
      },
      ["scores"],
    ),
    answer: score,
  },
  {
    name: "embed",
    description: "Texts as vectors.",
    input: object(
      { model, texts: listOf(TEXT, { minItems: 1, maxItems: 2048 }), dimensions: { type: "integer" } },
      ["texts"],
    ),
    output: object({ vectors: listOf(listOf(NUMBER)), tokens: COUNT }, ["vectors", "tokens"]),
    async answer({ texts, ...given }, ask) {
      const reply = await ask("/v1/embeddings", { ...given, input: texts });
      const data = Array.isArray(reply.data) ? reply.data : [];
      const vectors = data.map((each) => (isRecord(each) ? each.embedding : []));
      return { vectors, tokens: isRecord(reply.usage) ? reply.usage.prompt_tokens : 0 };
    },
  },
  {
    name: "rerank",
    description: "Documents sorted by how well they fit a query, best first.",
    input: object(
      {
        model,
        query: TEXT,
        documents: listOf(TEXT, { minItems: 1 }),
        top_n: { type: "integer", minimum: 1 },
      },
      ["query", "documents"],
    ),
    output: object(
      { results: listOf(object({ index: COUNT, relevance_score: NUMBER }, ["index", "relevance_score"])) },
      ["results"],
    ),
    answer: async (given, ask) => ({ results: (await ask("/v1/rerank", given)).results }),
  },
];

/** By a completion that repeats its prompt; blanks at the context's end belong to the continuation. */
async function score({ context, continuations, model: id }: Reply, ask: AskRoute): Promise<Reply> {
  const before = String(context);
  if (before.trim() === "") throw new BaimoError("request", "context is blank; give at least one word");
  const all = (continuations as readonly unknown[]).map(String); // the schema has them
  const prompts = all.map((each) => before + each);
  const { choices } = await ask("/v1/completions", { model: id, ...echoBody(prompts) });
  const scores = all.map((continuation, i) => {
    const found = echoedScore({ choices: Array.isArray(choices) ? [choices[i]] : [] }, before, continuation);
    if (!found)
      throw new BaimoError("request", `continuations[${i}] has no token of its own after the context`);
    return { continuation, logprob: found.logprob, is_greedy: found.isGreedy };
  });
  return { scores };
}

const choiceOf = (reply: Reply): Reply => firstChoice(reply) ?? {};

function countsOf({ usage }: Reply): Reply {
  const { prompt_tokens, completion_tokens, total_tokens } = isRecord(usage) ? usage : {};
  return { prompt_tokens, completion_tokens, total_tokens };
}
