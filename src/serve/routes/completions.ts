// POST /v1/completions: goes on with texts or token ids.

import { runsHere } from "../../generate/runs-here.ts";
import type { ChatEvent, Finish, GenerateOptions, LanguageModel, Model } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import { tokenIds } from "../../option-kinds.ts";
import { runChoices } from "../answers/choices.ts";
import { headProperties } from "../answers/head.ts";
import { legacyLogprobsSchema, type TextContext, type TextPrompt } from "../answers/text-choice.ts";
import { toTextCompletion, toTextParts } from "../answers/text-completion.ts";
import { timingsSchema, usageSchema } from "../answers/usage.ts";
import { badParameter } from "../problem.ts";
import {
  type CompletionRequest,
  completionRequestTable,
  toCompletionRequest,
} from "../requests/completion-request.ts";
import { asClient } from "../requests/fields.ts";
import { renamed } from "../requests/option-names.ts";
import { post } from "../route.ts";
import { COUNT } from "../schema-parts.ts";
import type { Work } from "../work.ts";

const answerSchema = (usage: JsonSchema, more: readonly string[]): JsonSchema => ({
  type: "object",
  properties: {
    ...headProperties("text_completion"),
    choices: {
      type: "array",
      items: {
        type: "object",
        properties: {
          index: COUNT,
          text: { type: "string" },
          logprobs: legacyLogprobsSchema,
          finish_reason: { enum: ["stop", "length", null] },
        },
        required: ["index", "text", "logprobs", "finish_reason"],
      },
    },
    usage,
    timings: timingsSchema,
    seed: { type: "integer" },
  },
  required: ["id", "object", "created", "model", "choices", ...more],
});

export const completions = post({
  path: "/v1/completions",
  scope: "chat",
  summary: "Goes on with a text, token ids, or a list of either.",
  body: completionRequestTable,
  answers: {
    "application/json": answerSchema(usageSchema, ["usage"]),
    "text/event-stream": answerSchema({ anyOf: [usageSchema, { type: "null" }] }, []),
  },
  async handle({ request, body, server, find }) {
    const asked = toCompletionRequest(body);
    const listed = await find(asked.model);
    const { id, model } = listed;
    const work = server.begin(request, listed);
    const prompts = runsHere(model) ? await readPrompts(asked, model, work) : promptsElsewhere(asked, work);
    const answers = prompts.flatMap(({ given }) =>
      asked.choices.map((options) => {
        const { signal } = work;
        return answer(model, given, { ...options, signal }, asked);
      }),
    );
    const { echo, logprobs, includeUsage, choices } = asked;
    const context: TextContext = { id, model, prompts, count: choices.length, echo, logprobs, includeUsage };
    const events = server.recorded(work, runChoices(answers, work, choices.length));
    if (asked.stream) return server.stream(toTextParts(events, context), work);
    return Response.json(await toTextCompletion(events, context));
  },
});

/** Ids and text of the prompts, with their likelihoods where answers repeat them with log-probabilities. */
async function readPrompts(asked: CompletionRequest, model: Model, work: Work): Promise<TextPrompt[]> {
  const { prompts, echo, logprobs: alternatives, addSpecialTokens } = asked;
  const { signal } = work;
  const mostTokens = model.contextLength;
  const known = tokenIds(model.config.vocabSize);
  try {
    const read: TextPrompt[] = [];
    for (const [i, prompt] of prompts.entries()) {
      const param = prompts.length === 1 ? "prompt" : `prompt[${i}]`;
      const isText = typeof prompt === "string";
      const ids = isText
        ? await model.encode(prompt, { addSpecialTokens, mostTokens, signal })
        : known.read(prompt, param, asClient);
      if (ids.length === 0) {
        throw badParameter(param, "invalid_value", `'${param}' has no tokens; give at least one`);
      }
      const text = isText ? prompt : echo ? model.tokenizer.decode(ids, { skipSpecialTokens: false }) : "";
      read.push({ given: ids, ids, text, namesSpecial: !isText });
    }
    if (!echo || alternatives === undefined) return read;
    const scored = read.filter(({ ids }) => ids.length > 1);
    const texts = scored.map(({ ids }) => ({ context: ids.slice(0, 1), continuation: ids.slice(1) }));
    const scores = await model.score(texts, { alternatives, signal });
    return read.map((prompt) => {
      const at = scored.indexOf(prompt);
      return at < 0 ? prompt : { ...prompt, score: scores[at] };
    });
  } catch (error) {
    work.done();
    throw renamed(error, { prompt: "prompt" });
  }
}

/** Prompts of a model at an endpoint, which reads them itself. */
function promptsElsewhere({ prompts, echo, addSpecialTokens }: CompletionRequest, work: Work): TextPrompt[] {
  const refuse = (param: string, what: string) => {
    work.done();
    const message = `'${param}' needs the tokens of ${what}, which this model's endpoint keeps to itself`;
    throw badParameter(param, "unsupported_value", message);
  };
  if (!addSpecialTokens) refuse("add_special_tokens", "a text");
  return prompts.map((given) => {
    const isText = typeof given === "string";
    if (echo && !isText) refuse("echo", "a prompt of ids");
    return { given, ids: [], text: isText ? given : "", namesSpecial: false };
  });
}

/** One answer; errors about its options have the client's names. */
async function* answer(
  model: LanguageModel,
  prompt: TextPrompt["given"],
  options: GenerateOptions,
  { constraintName }: CompletionRequest,
): AsyncGenerator<ChatEvent, Finish> {
  try {
    return yield* model.complete(prompt, options);
  } catch (error) {
    throw renamed(error, { prompt: "prompt", constraint: constraintName });
  }
}
