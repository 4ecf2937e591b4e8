// Opens an adapter: PEFT's folder or file, or a GGUF file.
import { BaimoError } from "../../errors.ts";
import { type CheckpointInput, openCheckpoint } from "../../formats/checkpoint.ts";
import { openByteSource } from "../../formats/sources/open-byte-source.ts";
import { brief } from "../../json.ts";
import type { ModelDescription } from "../open-model.ts";
import type { AdapterFile, AdapterPart } from "./adapter.ts";
import { readGgufAdapter } from "./gguf-adapter.ts";
import { PEFT_CONFIG, readPeft } from "./peft.ts";
import { placeAdapter } from "./place-adapter.ts";

/** Names of PEFT's weights, the one to take first. */
const PEFT_WEIGHTS = ["adapter_model.safetensors", "adapter_model.bin"] as const;

/** What was read of an adapter. */
export interface ReadAdapter {
  readonly parts: AdapterPart[];
  /** The largest of its modules' ranks. */
  readonly rank: number;
  readonly modules: number;
  readonly warnings: readonly string[];
}

/**
 * Reads an adapter for a model.
 *
 * source  a .gguf, .safetensors or .bin file, a folder in PEFT's layout, a URL of either, or files picked in a page
 * @throws {BaimoError} `request` when nothing is there; `config`, `format` or `shape` when it is no adapter of this model
 */
export async function readAdapter(
  source: CheckpointInput,
  description: ModelDescription,
  signal?: AbortSignal,
): Promise<ReadAdapter> {
  const file = await openAdapter(source, description, signal);
  try {
    const parts = await placeAdapter(file, description);
    const { pairs, base } = file;
    return {
      parts,
      modules: pairs.length,
      rank: Math.max(...pairs.map(({ rank }) => rank)),
      warnings: baseWarnings(base, description),
    };
  } finally {
    await file.checkpoint.close();
  }
}

/** An adapter says on which model it was trained; another of the same sizes may have its own merits. */
function baseWarnings(base: string | undefined, { name }: ModelDescription): string[] {
  const last = (path: string) => path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (base === undefined || last(base) === last(name)) return [];
  return [`the adapter was trained on ${brief(base)}, and the model is "${name}"`];
}

async function openAdapter(
  source: CheckpointInput,
  { family }: ModelDescription,
  signal?: AbortSignal,
): Promise<AdapterFile> {
  const { weights, config } = await findFiles(source, signal);
  const checkpoint = await openCheckpoint(weights, { signal });
  try {
    if (checkpoint.format === "gguf") return readGgufAdapter(checkpoint, family);
    const bytes = (await config?.()) ?? (await checkpoint.folder?.read(PEFT_CONFIG));
    if (bytes) return readPeft(checkpoint, bytes);
    throw new BaimoError(
      "config",
      `${checkpoint.name}: there is no ${PEFT_CONFIG} beside it; name the whole folder`,
    );
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** The file with the weights, and the configuration where it does not lie in the same folder. */
async function findFiles(
  source: CheckpointInput,
  signal?: AbortSignal,
): Promise<{ weights: CheckpointInput; config?: () => Promise<Uint8Array | undefined> }> {
  if (Array.isArray(source)) {
    const files = source as readonly File[]; // `checkpointKind` has looked
    const named = (name: string) => files.find((file) => file.name === name);
    const weights = PEFT_WEIGHTS.map(named).find((file) => file !== undefined) ?? files[0];
    const config = named(PEFT_CONFIG);
    return { weights, config: async () => config && new Uint8Array(await config.arrayBuffer()) };
  }
  const place = typeof source === "string" || source instanceof URL ? String(source) : undefined;
  if (place === undefined || /\.(gguf|safetensors|bin|pt|pth)([?#].*)?$/i.test(place))
    return { weights: source };
  for (const name of PEFT_WEIGHTS) {
    const file = `${place.replace(/[/\\]$/, "")}/${name}`;
    if (await isThere(file, signal)) return { weights: file };
  }
  throw await noAdapter(place, signal);
}

/** A file that is none, a folder without one, or nothing at all. */
async function noAdapter(place: string, signal?: AbortSignal): Promise<BaimoError> {
  const expected = `expected a folder with ${PEFT_WEIGHTS.join(" or ")}, or a .gguf file`;
  try {
    await (await openByteSource(place, { signal })).close();
    return new BaimoError("request", `${place}: is no adapter; ${expected}`);
  } catch (error) {
    if (!(error instanceof BaimoError) || error.code !== "request") throw error;
    const isFolder = /is a folder/.test(error.message);
    return isFolder ? new BaimoError("request", `${place}: holds no adapter; ${expected}`) : error;
  }
}

async function isThere(file: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await (await openByteSource(file, { signal })).close();
    return true;
  } catch (error) {
    if (error instanceof BaimoError && error.code === "request") return false;
    throw error;
  }
}
