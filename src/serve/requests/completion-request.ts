// Reads and checks the body of POST /v1/completions.
import { generateTable } from "../../generate/options.ts";
import type { GenerateOptions } from "../../generate/types.ts";
import { fields, flag, required, tokenIds, whole, withDefault } from "../../option-kinds.ts";
import { type Kind, type OptionsOf, refusal } from "../../options.ts";
import { modelId } from "../models/recipe.ts";
import { badParameter } from "../problem.ts";
import { constraintFields, readConstraint } from "./constraint.ts";
import { anyText, ignored, notDone, only } from "./fields.ts";
import { samplingFields, toSampling, withSeeds } from "./sampling.ts";

/** A checked request to go on with texts. */
export interface CompletionRequest {
  readonly model?: string;
  /** Texts, or their ids. */
  readonly prompts: readonly (string | readonly number[])[];
  /** Of each answer to one prompt. */
  readonly choices: readonly GenerateOptions[];
  readonly echo: boolean;
  readonly addSpecialTokens: boolean;
  /** Alternatives to each token; undefined: no log-probabilities. */
  readonly logprobs?: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The client's name for the constraint. */
  readonly constraintName?: string;
}

/** Answers to one request, over all prompts. */
const MOST_ANSWERS = 1024;

const ids = tokenIds();

/** A text, its ids, or a list of either. */
const prompts: Kind<CompletionRequest["prompts"]> = {
  kind: "prompts",
  allowed: "a string, a list of token ids, or a list of either",
  schema: {
    anyOf: [
      { type: "string" },
      ids.schema,
      { type: "array", items: { anyOf: [{ type: "string" }, ids.schema] } },
    ],
  },
  read(value, name, door) {
    if (typeof value === "string") return [value];
    if (!Array.isArray(value)) throw refusal("type", name, value, this.allowed, door);
    if (value.length === 0) throw refusal("value", name, value, this.allowed, door);
    if (typeof value[0] === "number") return [ids.read(value, name, door)];
    return value.map((each: unknown, i) =>
      typeof each === "string" ? each : ids.read(each, `${name}[${i}]`, door),
    );
  },
};

export const completionRequestTable = {
  model: modelId,
  prompt: required(prompts),
  stream: withDefault(flag, false),
  stream_options: fields({
    include_usage: flag,
    include_obfuscation: ignored,
    continuous_usage_stats: only(false),
  }),
  n: withDefault(whole({ min: 1, max: 128 }), 1),
  best_of: whole({ min: 1, max: 128 }),
  echo: withDefault(flag, false),
  logprobs: whole({ min: 0, max: 100 }),
  ...samplingFields,
  max_tokens: withDefault(generateTable().maxTokens, 16),
  ...constraintFields,
  add_special_tokens: withDefault(flag, true),
  suffix: anyText,
  prompt_logprobs: notDone("echo and logprobs give them"),
  return_tokens_as_token_ids: only(false),

  cache_prompt: ignored,
  id_slot: ignored,
  keep_alive: ignored,
  metadata: ignored,
  priority: ignored,
  request_id: ignored,
  timings_per_token: ignored,
  user: ignored,
};

/** Fields that have been read one by one, as what `Model.complete` takes. @throws {Problem} 400 that names the parameter */
export function toCompletionRequest(body: OptionsOf<typeof completionRequestTable>): CompletionRequest {
  const { model, prompt, n, best_of = n, echo, logprobs, stream, stream_options, suffix } = body;
  const refuse = (param: string, message: string) => badParameter(param, "unsupported_value", message);
  if (best_of !== n) {
    const message = `'best_of' is ${best_of}; allowed: n, which is ${n}: this server gives every answer that it writes`;
    throw refuse("best_of", message);
  }
  if (suffix)
    throw refuse("suffix", "'suffix' must be empty: this server does not write what stands between");
  if (stream_options && !stream) {
    const message = "'stream_options' is only allowed when 'stream' is true";
    throw badParameter("stream_options", "invalid_value", message);
  }
  if (prompt.length * n > MOST_ANSWERS) {
    const message = `'prompt' has ${prompt.length} texts, and each ${n} answers; at most ${MOST_ANSWERS} together`;
    throw badParameter("prompt", "invalid_value", message);
  }
  const asked = readConstraint(body);
  const options = { ...toSampling(body), logprobs, constraint: asked?.constraint };
  return {
    model,
    prompts: prompt,
    choices: withSeeds(options, n),
    echo,
    addSpecialTokens: body.add_special_tokens,
    logprobs,
    stream,
    includeUsage: stream_options?.include_usage ?? false,
    constraintName: asked?.name,
  };
}
