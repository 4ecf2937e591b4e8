// Parses hf:owner/name[:QUANT][@revision] and chooses which files of the repository to fetch.
import { BaimoError } from "../../errors.ts";

/** A model on the Hub, as a user names it. */
export interface HubSpec {
  /** "owner/name". */
  readonly repo: string;
  /** The quantisation asked for, such as "Q4_K_M", or the name of a GGUF file. */
  readonly quantisation?: string;
  /** A branch, tag or commit; "main" where none is given. */
  readonly revision: string;
}

/** How a checkpoint in a repository is kept. */
export type HubFormat = "gguf" | "safetensors" | "torch";

/** Reads hf:owner/name[:QUANT][@revision]. @throws {BaimoError} `request` */
export function parseHubSpec(spec: string): HubSpec {
  const match = /^hf:([\w.-]+\/[\w.-]+)(?::([\w.-]+))?(?:@([\w./-]+))?$/.exec(spec);
  const [, repo, quantisation, revision = "main"] = match ?? [];
  if (!repo || `/${repo}/${revision}/`.includes("/../") || `/${repo}/${revision}/`.includes("/./")) {
    throw new BaimoError(
      "request",
      `"${spec}" does not name a model on the Hub; expected hf:owner/name, with :Q4_K_M or @revision after it if need be`,
      { option: "model" },
    );
  }
  return { repo, quantisation, revision };
}

/** What makes up a model: the file or folder to open, and all that must be there. */
export interface ChosenFiles {
  /** The (first) GGUF file; undefined for a folder of safetensors or PyTorch files. */
  readonly open?: string;
  readonly files: readonly string[];
}

/** Quantisations taken when none is asked for: what loses little first, then what is smaller than the original at all. */
const preferred =
  "Q4_K_M Q4_K_S UD-Q4_K_XL Q4_0 Q5_K_M Q5_K_S Q6_K Q8_0 Q4_1 Q5_0 Q5_1 MXFP4 MXFP4_MOE".split(" ");
/** Small files that belong to a model of safetensors or PyTorch files. */
const companions =
  /^(config|generation_config|modules|sentence_bert_config|config_sentence_transformers|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$|^(merges|vocab)\.txt$|^(tokenizer|spiece|tiktoken)\.model$|^qwen\.tiktoken$|^chat_template\.jinja$|^\d_Pooling\/config\.json$|^additional_chat_templates\/(default|tool_use|rag)\.jinja$/;
const splitName = /-(\d{5})-of-(\d{5})\.gguf$/;
/** Weights at the top of a repository: the name of one file or of its shards, and of the index of shards. */
const folders = [
  { shard: /^model(?:-\d{5}-of-(\d{5}))?\.safetensors$/, index: "model.safetensors.index.json" },
  { shard: /^pytorch_model(?:-\d{5}-of-(\d{5}))?\.bin$/, index: "pytorch_model.bin.index.json" },
] as const;

/** An adapter as PEFT keeps it: its weights, the file to take first, and their configuration. */
const adapters = ["adapter_model.safetensors", "adapter_model.bin"];
const ADAPTER_CONFIG = "adapter_config.json";

/** The GGUF models among the files: quantisation (or the name, where it tells none) to files. */
export function findGgufModels(names: readonly string[]): Map<string, string[]> {
  const models = new Map<string, string[]>();
  for (const name of [...names].sort()) {
    const base = baseOf(name);
    // Projectors of images and importance matrices are no models.
    if (!base.endsWith(".gguf") || /^mmproj|imatrix/i.test(base)) continue;
    const label = quantisationOf(base) ?? base.replace(splitName, "").replace(/\.gguf$/, "");
    models.set(label, [...(models.get(label) ?? []), name]);
  }
  return models;
}

/** Whether the weights at the top of a repository are safetensors, else PyTorch files; undefined when there are none. */
export function folderFormat(names: readonly string[]): "safetensors" | "torch" | undefined {
  const [safetensors, torch] = folders.map(({ shard }) => names.some((name) => shard.test(name)));
  return safetensors ? "safetensors" : torch ? "torch" : undefined;
}

/**
 * Chooses the files of a model. With a quantisation, the GGUF files that have it, or the one of that name. Without: the
 * GGUF files of the most preferred quantisation, else the safetensors or else the PyTorch files at the top with their
 * configuration and tokenizer, else the only GGUF model, else PEFT's adapter.
 *
 * @throws {BaimoError} `request` when nothing fits or the choice is the user's; the message lists what there is
 */
export function chooseFiles(names: readonly string[], { repo, quantisation }: HubSpec): ChosenFiles {
  const models = findGgufModels(names);
  const labels = [...models.keys()];
  const format = folderFormat(names);
  if (quantisation !== undefined) {
    const wanted = quantisation.toLowerCase();
    const label = labels.find((l) => l.toLowerCase() === wanted);
    if (label !== undefined) return wholeModel(models.get(label)!, repo, label);
    // A file may be named as well, where one quantisation is there twice.
    const file = [...models.values()].flat().find(
      (name) =>
        baseOf(name)
          .toLowerCase()
          .replace(/\.gguf$/, "") === wanted.replace(/\.gguf$/, ""),
    );
    if (file !== undefined) {
      const parts = splitName.test(file)
        ? names.filter((name) => name.replace(splitName, "") === file.replace(splitName, ""))
        : [file];
      return wholeModel(parts.sort(), repo, quantisation);
    }
    throw new BaimoError(
      "request",
      labels.length > 0
        ? `${repo}: has no ${quantisation}; say which, as in hf:${repo}:${labels[0]} (there are ${labels.join(", ")})`
        : format
          ? `${repo}: has ${format === "torch" ? "PyTorch" : "safetensors"} files, not GGUF, so no quantisation "${quantisation}" to choose`
          : `${repo}: has no ${quantisation}; it has ${shorten(names)}`,
    );
  }
  const label =
    preferred.find((l) => models.has(l)) ?? (!format && labels.length === 1 ? labels[0] : undefined);
  if (label !== undefined) return wholeModel(models.get(label)!, repo, label);
  if (format) return { files: wholeFolder(names, repo) };
  const adapter = adapters.find((name) => names.includes(name));
  if (adapter && labels.length === 0)
    return { files: names.filter((name) => name === adapter || name === ADAPTER_CONFIG) };
  throw new BaimoError(
    "request",
    labels.length > 0
      ? `${repo}: has several GGUF files; say which, as in hf:${repo}:${labels[0]} (there are ${labels.join(", ")})`
      : `${repo}: has neither .gguf nor model.safetensors nor pytorch_model.bin files; it has ${shorten(names)}`,
  );
}

const baseOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

const shorten = (names: readonly string[]): string =>
  names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "") || "no files";

/** The weights at the top, one file or all shards with their index, and what belongs to them. */
function wholeFolder(names: readonly string[], repo: string): string[] {
  const { shard, index } = folders.find((kind) => names.some((name) => kind.shard.test(name)))!; // by folderFormat
  const weights = names.filter((name) => shard.test(name));
  const single = weights.find((name) => shard.exec(name)![1] === undefined);
  if (single === undefined) {
    const count = Number(shard.exec(weights[0])![1]);
    if (weights.length !== count || weights.some((name) => Number(shard.exec(name)![1]) !== count)) {
      throw new BaimoError("request", `${repo}: has ${weights.length} of its ${count} shards of weights`);
    }
    if (!names.includes(index)) {
      throw new BaimoError(
        "request",
        `${repo}: has ${count} shards of weights, but no ${index} that tells what is where`,
      );
    }
  }
  const wanted = new Set(single === undefined ? [...weights, index] : [single]);
  return names.filter((name) => companions.test(name) || wanted.has(name));
}

/** One file, or all parts of a split one. */
function wholeModel(files: readonly string[], repo: string, label: string): ChosenFiles {
  const parts = files.filter((name) => splitName.test(name));
  if (parts.length === 0 || parts.length < files.length) {
    const whole = files.filter((name) => !splitName.test(name));
    if (whole.length > 1) {
      throw new BaimoError(
        "request",
        `${repo}: ${label} could be any of ${whole.join(", ")}; name the file, as in hf:${repo}:${baseOf(whole[0])}`,
      );
    }
    return { open: whole[0], files: whole };
  }
  const count = Number(splitName.exec(parts[0])![2]);
  const numbers = new Set(parts.map((name) => Number(splitName.exec(name)![1])));
  if (parts.length !== count || numbers.size !== count) {
    throw new BaimoError("request", `${repo}: ${label} has ${parts.length} of its ${count} parts`);
  }
  return { open: parts[0], files: parts };
}

/** The quantisation in a file's name, in capitals: "model-q4_k_m.gguf" has Q4_K_M. */
function quantisationOf(base: string): string | undefined {
  const found = base
    .replace(splitName, ".gguf")
    .match(
      /(?<=[-._])(?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F16|F32|FP16|FP32)(?=[-.])/gi,
    );
  return found?.at(-1)?.toUpperCase();
}
