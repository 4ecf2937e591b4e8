// The files that sentence-transformers puts beside a model: pooling, normalising, prompts, lengths.
import { BaimoError } from "../errors.ts";
import type { ModelFolder } from "../formats/model-folder.ts";
import { booleanOf, brief, isRecord, listOf, parseJson, recordOf, stringOf } from "../json.ts";
import type { Pooling } from "./config/config.ts";

/** How a model's publisher makes embeddings. */
export interface SentenceSettings {
  readonly pooling?: Pooling;
  /** Whether vectors are brought to length 1. */
  readonly normalize: boolean;
  /** What is put before a text, by the kind of text: "query", "document" and the like. */
  readonly prompts: Readonly<Record<string, string>>;
  /** The prompt of a text for which none is named. */
  readonly defaultPrompt?: string;
  /** A mean leaves the prompt out. */
  readonly poolsPrompt: boolean;
  /** Texts are lower-cased before they are cut in tokens. */
  readonly lowercase: boolean;
  /** Tokens of the longest text. */
  readonly maxTokens?: number;
  /** A step that is not built: what it is, and where. */
  readonly unknown?: string;
}

const modes = {
  pooling_mode_cls_token: "cls",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_lasttoken: "last",
} as const satisfies Record<string, Pooling>;
/** The same, by the single name of newer files. */
const named: Readonly<Record<string, Pooling>> = { cls: "cls", mean: "mean", lasttoken: "last" };

/** Folders of modules: a number and a name. */
const MODULE = /^\d_[A-Za-z]{1,32}$/;

/**
 * Reads them; undefined where there are none. A step that is not built is named in `unknown`: the model itself can be used.
 * @throws {BaimoError} `format` for a file that is not as it should be
 */
export async function readSentenceFiles(
  folder: Pick<ModelFolder, "read"> | undefined,
): Promise<SentenceSettings | undefined> {
  const read = async (name: string) => {
    const bytes = await folder?.read(name);
    return bytes && parseJson(bytes, name);
  };
  const modules = await read("modules.json");
  if (modules === undefined) return undefined;
  const limits = recordOf((await read("sentence_bert_config.json")) ?? {}, "sentence_bert_config.json");
  const usual = recordOf(
    (await read("config_sentence_transformers.json")) ?? {},
    "config_sentence_transformers.json",
  );
  const maxTokens = limits.max_seq_length;
  const prompts = promptsOf(usual.prompts);
  const name = usual.default_prompt_name;
  let settings: SentenceSettings = {
    normalize: false,
    prompts,
    defaultPrompt: typeof name === "string" ? prompts[name] : undefined,
    poolsPrompt: true,
    lowercase: booleanOf(limits.do_lower_case, false, "sentence_bert_config.json: do_lower_case"),
    maxTokens: Number.isSafeInteger(maxTokens) && Number(maxTokens) > 0 ? Number(maxTokens) : undefined,
  };
  for (const [i, given] of listOf(modules, "modules.json").entries()) {
    const where = `modules.json[${i}]`;
    const module = recordOf(given, where);
    const type = stringOf(module.type, `${where}.type`);
    const path = stringOf(module.path ?? "", `${where}.path`);
    switch (type.split(".").at(-1)) {
      case "Transformer":
        if (path === "") break;
        settings = { ...settings, unknown: `a transformer in the folder ${brief(path)}` };
        break;
      case "Normalize":
        settings = { ...settings, normalize: true };
        break;
      case "Pooling":
        if (!MODULE.test(path))
          throw new BaimoError("format", `${where}.path is ${brief(path)}, no module's folder`);
        settings = { ...settings, ...poolingOf(await read(`${path}/config.json`), `${path}/config.json`) };
        break;
      default:
        settings = { ...settings, unknown: `${brief(type)} of modules.json` };
    }
  }
  return settings;
}

function promptsOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  const where = "config_sentence_transformers.json: prompts";
  return Object.fromEntries(
    Object.entries(value).map(([name, prompt]) => [name, stringOf(prompt, `${where}.${name}`)]),
  );
}

function poolingOf(json: unknown, where: string): Partial<SentenceSettings> {
  const config = recordOf(json ?? {}, where);
  const poolsPrompt = booleanOf(config.include_prompt, true, `${where}: include_prompt`);
  const mode = config.pooling_mode;
  const chosen = Array.isArray(mode)
    ? mode
    : mode !== undefined
      ? [mode]
      : Object.keys(config).filter((key) => key.startsWith("pooling_mode_") && config[key] === true);
  const [only] = chosen;
  const known: Readonly<Record<string, Pooling>> = { ...modes, ...named };
  const pooling = typeof only === "string" && Object.hasOwn(known, only) ? known[only] : undefined;
  if (chosen.length === 1 && pooling) return { pooling, poolsPrompt };
  return { poolsPrompt, unknown: `pooling ${brief(chosen)} of ${where}` };
}
