// Fields that Ollama's routes share: options of sampling, the format of an answer, thinking.
import type { AnswerConstraint, GenerateOptions } from "../../generate/types.ts";
import { choice, fields, flag, whole } from "../../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, refusal } from "../../options.ts";
import { modelId } from "../models/recipe.ts";
import { badParameter } from "../problem.ts";
import { ignored, only, readBody } from "./fields.ts";
import { keepAliveField } from "./keep-alive.ts";
import { samplingFields, toSampling } from "./sampling.ts";
import { thinkingVariables } from "./thinking.ts";

const { max_tokens: _, ...sampling } = samplingFields;

/** What stands in `options`. */
export const optionsTable = {
  ...sampling,
  num_predict: whole({ min: -2, max: 2 ** 31 - 1 }),
  num_ctx: whole({ min: 1 }),
  penalize_newline: only(true),
  // Of the machine and its memory.
  f16_kv: ignored,
  low_vram: ignored,
  main_gpu: ignored,
  mirostat_eta: ignored,
  mirostat_tau: ignored,
  num_batch: ignored,
  num_gpu: ignored,
  num_keep: ignored,
  num_thread: ignored,
  numa: ignored,
  use_mlock: ignored,
  use_mmap: ignored,
  vocab_only: only(false),
};

const word = choice("json", "");
const format: Kind<AnswerConstraint | undefined> = {
  kind: "format",
  allowed: '"json", or a JSON Schema',
  schema: { anyOf: [word.schema ?? {}, { type: "object" }] },
  read(value, name, door) {
    if (isPlain(value)) return { schema: value };
    if (typeof value !== "string") throw refusal("type", name, value, this.allowed, door);
    return word.read(value, name, door) === "json" ? { schema: { type: "object" } } : undefined;
  },
};

const efforts = choice("low", "medium", "high", "max");
const think: Kind<boolean | string> = {
  kind: "think",
  allowed: `true, false, ${efforts.allowed}`,
  schema: { anyOf: [{ type: "boolean" }, efforts.schema ?? {}] },
  read: (value, name, door) =>
    (typeof value === "string" ? efforts : (flag as Kind<boolean | string>)).read(value, name, door),
};

export const ollamaFields = {
  model: modelId,
  options: fields(optionsTable),
  format,
  think,
  keep_alive: keepAliveField,
  truncate: only(false),
  shift: only(false),
  logprobs: only(false),
  top_logprobs: only(0),
};

/** An image can be in a request only where there is none. */
export const noImages: Kind<unknown> = {
  kind: "only",
  allowed: "nothing: this server's models read text only",
  schema: { type: "array", maxItems: 0 },
  read(value, name) {
    if (Array.isArray(value) && value.length === 0) return value;
    const message = `'${name}' has no place here: this server's models read text only; leave it out`;
    throw badParameter(name, "unsupported_value", message);
  },
};

/** What a request meets here. */
export interface OllamaModel {
  /** Undefined where it is not known, and the model's endpoint has its own. */
  readonly contextLength: number | undefined;
  /** The sources of its chat templates. */
  readonly templates: string;
  /** Takes names of fields that change no answer of this model. */
  readonly ignored: string[];
}

type Options = OptionsOf<typeof ollamaFields>["options"];

/**
 * What the engine is told.
 * @throws {Problem} 400 for a context that is longer than the model's
 */
export function toOllamaSampling(
  given: Options,
  model: Pick<OllamaModel, "contextLength" | "ignored">,
): GenerateOptions {
  const options = given ?? readBody({}, optionsTable);
  checkContext(options.num_ctx, model);
  const { num_predict: most = -1 } = options;
  return toSampling({ ...options, max_tokens: most < 0 ? undefined : most });
}

/** The context is as long as it was opened; a shorter one does as well. */
export function checkContext(
  asked: number | undefined,
  { contextLength, ignored: unused }: Pick<OllamaModel, "contextLength" | "ignored">,
): void {
  if (asked === undefined) return;
  const name = "options.num_ctx";
  if (contextLength === undefined || asked <= contextLength) return void unused.push(name);
  const message = `'${name}' is ${asked}; allowed: up to ${contextLength}, the context with which the model was opened`;
  throw badParameter(name, "unsupported_value", message);
}

/** How a model is made to think, or not to. */
export function toThinking(asked: boolean | string | undefined, templates: string) {
  if (asked === true) return { variables: thinkingVariables(templates, "think") };
  return { effort: asked === false ? "none" : asked };
}
