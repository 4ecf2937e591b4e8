// Fields that choose tokens and end answers: OpenAI's, and those of llama.cpp's and vLLM's clients.
import { generateTable } from "../../generate/options.ts";
import type { GenerateOptions } from "../../generate/types.ts";
import { flag, whole } from "../../option-kinds.ts";
import type { Kind, OptionsOf } from "../../options.ts";
import { badParameter } from "../problem.ts";
import { only } from "./fields.ts";

const own = generateTable();

/** -1 is the habit of other servers for "all". */
const topK: typeof own.topK = {
  ...own.topK,
  allowed: `${own.topK.allowed}, or -1 for all`,
  schema: { type: "integer", minimum: -1 },
  read: (value, name, door) => own.topK.read(value === -1 ? 0 : value, name, door),
};

/** Ranges are those of the engine. */
export const samplingFields = {
  max_tokens: own.maxTokens,
  temperature: leftToModel(own.temperature),
  top_p: leftToModel(own.topP),
  top_k: leftToModel(topK),
  min_p: leftToModel(own.minP),
  typical_p: leftToModel(own.typicalP),
  repetition_penalty: leftToModel(own.repetitionPenalty),
  presence_penalty: leftToModel(own.presencePenalty),
  frequency_penalty: leftToModel(own.frequencyPenalty),
  seed: own.seed,
  logit_bias: own.logitBias,
  stop: own.stop,
  on_full: leftToModel(own.onFull),
  keep_tokens: own.keepTokens,
  speculation: leftToModel(own.speculation),
  guess_tokens: own.guessTokens,

  // llama.cpp and Ollama
  repeat_penalty: leftToModel(own.repetitionPenalty),
  repeat_last_n: whole({ min: -1 }),
  typ_p: leftToModel(own.typicalP),
  ignore_eos: flag,
  dry_multiplier: only(0),
  dynatemp_range: only(0),
  mirostat: only(0),
  tfs_z: only(1),
  top_n_sigma: only(-1, 0),
  xtc_probability: only(0),

  // vLLM
  stop_token_ids: own.stopTokens,
  min_tokens: only(0),
  length_penalty: only(1),
  use_beam_search: only(false),
  include_stop_str_in_output: only(false),
  skip_special_tokens: only(true),
  spaces_between_special_tokens: only(true, false),
};

type Sampling = OptionsOf<typeof samplingFields>;

/** What the engine is told. @throws {Problem} 400 for two names of one thing, and what the engine cannot do */
export function toSampling(body: Sampling): GenerateOptions {
  const penalty = either(
    ["repeat_penalty", body.repeat_penalty],
    ["repetition_penalty", body.repetition_penalty],
  );
  const { repeat_last_n: last = -1 } = body;
  const { presence_penalty: presence = 0, frequency_penalty: frequency = 0 } = body;
  const isPenal = (penalty ?? 1) !== 1 || presence !== 0 || frequency !== 0;
  if (isPenal && last !== -1) {
    const message = `'repeat_last_n' is ${last}; allowed: -1, since penalties here count the whole text`;
    throw badParameter("repeat_last_n", "unsupported_value", message);
  }
  if (body.keep_tokens !== undefined && body.on_full !== "shift")
    throw badParameter("keep_tokens", "invalid_value", `'keep_tokens' needs 'on_full' to be "shift"`);
  return {
    maxTokens: body.max_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    minP: body.min_p,
    typicalP: either(["typ_p", body.typ_p], ["typical_p", body.typical_p]),
    repetitionPenalty: penalty,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    seed: body.seed,
    logitBias: body.logit_bias,
    stop: body.stop,
    onFull: body.on_full,
    keepTokens: body.keep_tokens,
    speculation: body.speculation,
    guessTokens: body.guess_tokens,
    stopTokens: body.stop_token_ids,
    ignoreEos: body.ignore_eos,
  };
}

/** A field that has two names. */
function either(
  [name, value]: readonly [string, number | undefined],
  [other, second]: readonly [string, number | undefined],
): number | undefined {
  if (value === undefined || value === second) return second;
  if (second === undefined) return value;
  const message = `'${name}' is ${value}, but '${other}', which is the same, is ${second}; give one of them`;
  throw badParameter(name, "invalid_value", message);
}

/** The same kind, left to the model where it is not given: its standard is in the document alone. */
export function leftToModel<T>({ kind, allowed, schema, read, default: standard }: Kind<T>): Kind<T> {
  return { kind, allowed, schema: { ...schema, default: standard }, read };
}

/** Options of each of several answers: those that have a seed go on from it, so that the first is as if it were alone. */
export function withSeeds<T extends GenerateOptions>(options: T, count: number): T[] {
  if (count === 1) return [options];
  const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
  return Array.from({ length: count }, (_, i) => ({ ...options, seed: seed + i }));
}
