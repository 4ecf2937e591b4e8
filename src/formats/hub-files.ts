// Which files of a Hugging Face repository make up a model: reading hf:owner/name[:QUANT][@revision] and choosing among
// the names; leans on errors only.
import { BaimoError } from "../errors.ts";

/** A model on the Hub, as a user names it. */
export interface HubSpec {
  /** "owner/name". */
  readonly repo: string;
  /** The quantisation asked for, such as "Q4_K_M". */
  readonly quantisation?: string;
  /** A branch, tag or commit; "main" where none is given. */
  readonly revision: string;
}

/** Reads hf:owner/name[:QUANT][@revision]. @throws {BaimoError} `request` */
export function parseHubSpec(spec: string): HubSpec {
  const match = /^hf:([\w.-]+\/[\w.-]+)(?::([\w.-]+))?(?:@([\w./-]+))?$/.exec(spec);
  const [, repo, quantisation, revision = "main"] = match ?? [];
  if (!repo || `/${repo}/${revision}/`.includes("/../") || `/${repo}/${revision}/`.includes("/./")) {
    throw new BaimoError(
      "request",
      `"${spec}" does not name a model on the Hub; expected hf:owner/name, with :Q4_K_M or @revision after it if need be`,
    );
  }
  return { repo, quantisation, revision };
}

/** What makes up a model: the file or folder to open, and all that must be there. */
export interface ChosenFiles {
  /** The (first) GGUF file; undefined for a folder of safetensors. */
  readonly open?: string;
  readonly files: readonly string[];
}

/** Quantisations taken when none is asked for. */
const preferred = ["Q4_K_M", "Q8_0"];
/** Small files that belong to a safetensors model. */
const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template|preprocessor_config)\.json$|^(merges|vocab)\.txt$|^(tokenizer|spiece|sentencepiece\.bpe)\.model$|^chat_template\.jinja$|\.tiktoken$/;
const splitName = /-(\d{5})-of-(\d{5})\.gguf$/;

/**
 * Chooses the files of a model: of GGUF files the quantisation asked for, else Q4_K_M, Q8_0 or the only one; else the
 * safetensors files at the top of the repository with their configuration and tokenizer.
 *
 * @throws {BaimoError} `request` when nothing fits or the choice is the user's; the message lists what there is
 */
export function chooseFiles(names: readonly string[], { repo, quantisation }: HubSpec): ChosenFiles {
  const models = new Map<string, string[]>(); // quantisation to its files
  for (const name of [...names].sort()) {
    const base = name.slice(name.lastIndexOf("/") + 1);
    // Projectors of images and importance matrices are no models.
    if (!base.endsWith(".gguf") || /^mmproj|imatrix/i.test(base)) continue;
    const label = quantisationOf(base) ?? base.replace(splitName, "").replace(/\.gguf$/, "");
    models.set(label, [...(models.get(label) ?? []), name]);
  }
  if (models.size > 0) {
    const labels = [...models.keys()];
    const wanted = quantisation ? [quantisation] : [...preferred, ...(labels.length === 1 ? labels : [])];
    const label = wanted
      .map((w) => labels.find((l) => l.toLowerCase() === w.toLowerCase()))
      .find((l) => l !== undefined);
    if (label === undefined) {
      throw new BaimoError(
        "request",
        `${repo}: ${quantisation ? `has no ${quantisation}` : "has several GGUF files"}; say which, as in hf:${repo}:${labels[0]} (there are ${labels.join(", ")})`,
      );
    }
    return wholeModel(models.get(label)!, repo, label);
  }
  const weights = names.filter((name) => /^model(-\d{5}-of-\d{5})?\.safetensors$/.test(name));
  if (weights.length > 0) {
    if (quantisation) {
      throw new BaimoError(
        "request",
        `${repo}: has safetensors files, not GGUF, so no quantisation "${quantisation}" to choose`,
      );
    }
    const single = weights.includes("model.safetensors");
    return {
      files: names.filter(
        (name) =>
          companions.test(name) ||
          (single
            ? name === "model.safetensors"
            : weights.includes(name) || name === "model.safetensors.index.json"),
      ),
    };
  }
  const shown = names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");
  throw new BaimoError(
    "request",
    `${repo}: has neither .gguf nor model.safetensors files; it has ${shown || "no files"}`,
  );
}

/** One file, or all parts of a split one. */
function wholeModel(files: readonly string[], repo: string, label: string): ChosenFiles {
  const parts = files.filter((name) => splitName.test(name));
  if (parts.length === 0 || parts.length < files.length) {
    const whole = files.filter((name) => !splitName.test(name));
    if (whole.length > 1) {
      throw new BaimoError(
        "request",
        `${repo}: ${label} could be any of ${whole.join(", ")}; give the URL of the file instead`,
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
