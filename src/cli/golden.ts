// Reads the stored answers beside a checkpoint (golden.json, or NAME.golden.json for a GGUF).
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BaimoError } from "../errors.ts";
import { type Checkpoint, dequantize, openCheckpoint } from "../formats/index.ts";
import { listOf, numberOf, parseJson, recordOf } from "../json.ts";

/** A prompt and what a trusted implementation made of it. */
export interface GoldenCase {
  /** With an encoder: the decoder's. */
  readonly tokens: readonly number[];
  readonly encoderTokens?: readonly number[];
  /** The likeliest ids that follow, one after another, when keys and values are kept. */
  readonly greedy: readonly number[];
  /** Logits of all positions, or of the last: [rows, vocabSize]. */
  readonly logits: Float32Array;
  /** [numLayers + 1][tokens, hiddenSize]: the input of each block, then the output of the final norm; may be empty. */
  readonly hidden: readonly Float32Array[];
  /** The same of the encoder, where there is one. */
  readonly encoderHidden?: readonly Float32Array[];
  /** What native llama.cpp, which rounds activations, made of it: its likeliest ids with their probabilities. */
  readonly native?: readonly (readonly [id: number, probability: number])[];
}

/** The stored answers of one checkpoint. */
export interface Golden {
  readonly file: string;
  readonly cases: readonly GoldenCase[];
  /** Differences that float32 arithmetic itself makes, where known. */
  readonly rounding?: { logits: number; hidden: number };
}

/**
 * Finds and reads the stored answers of a folder or a file.
 * @throws {BaimoError} `request` when there are none, `format` when they are not what they should be
 */
export async function readGolden(source: string): Promise<Golden> {
  const info = await stat(source).catch((cause: unknown) => {
    throw new BaimoError("request", `${source}: there is no such file or folder`, { cause });
  });
  if (!info.isDirectory() && source.endsWith(".gguf")) return readGgufGolden(source);
  return readFolderGolden(info.isDirectory() ? source : dirname(source));
}

async function readFolderGolden(folder: string): Promise<Golden> {
  const file = join(folder, "golden.json");
  const json = await readJson(file);
  const store = await openCheckpoint(join(folder, "golden.safetensors"));
  try {
    const cases: GoldenCase[] = [];
    for (const [i, entry] of readList(json.cases, `${file}: cases`).entries()) {
      const fields = recordOf(entry, `${file}: cases[${i}]`);
      const input = readNumbers(fields.input_ids, `${file}: cases[${i}].input_ids`);
      const greedy = fields.greedy_cached ?? fields.greedy;
      const encoded = fields.decoder_input_ids !== undefined;
      const decoder = encoded
        ? readNumbers(fields.decoder_input_ids, `${file}: cases[${i}].decoder_input_ids`)
        : input;
      cases.push({
        tokens: decoder,
        greedy: readNumbers(greedy, `${file}: cases[${i}].greedy`),
        logits: await readTensor(store, `logits.${i}`),
        hidden: await readStates(store, encoded ? `dec_hidden.${i}` : `hidden.${i}`),
        ...(encoded
          ? { encoderTokens: input, encoderHidden: await readStates(store, `enc_hidden.${i}`) }
          : {}),
      });
    }
    const { fp32_vs_fp64_max_abs: logits, fp32_vs_fp64_hidden_max_abs: hidden } = json;
    const known = typeof logits === "number" && typeof hidden === "number";
    return { file, cases, rounding: known ? { logits, hidden } : undefined };
  } finally {
    await store.close();
  }
}

/** Hidden states, from the first on as many as there are. */
async function readStates(store: Checkpoint, prefix: string): Promise<Float32Array[]> {
  const states: Float32Array[] = [];
  while (store.tensors.has(`${prefix}.${states.length}`)) {
    states.push(await readTensor(store, `${prefix}.${states.length}`));
  }
  return states;
}

async function readGgufGolden(source: string): Promise<Golden> {
  const file = join(dirname(source), `${basename(source, ".gguf")}.golden.json`);
  const json = await readJson(file);
  const cases = readList(json.prompts, `${file}: prompts`).map((entry, i): GoldenCase => {
    const fields = recordOf(entry, `${file}: prompts[${i}]`);
    const reference = recordOf(fields.reference, `${file}: prompts[${i}].reference`);
    const hasNative = fields.llamacpp !== undefined;
    const native = hasNative ? recordOf(fields.llamacpp, `${file}: prompts[${i}].llamacpp`) : undefined;
    return {
      tokens: readNumbers(fields.ids, `${file}: prompts[${i}].ids`),
      greedy: readNumbers(reference.greedy, `${file}: prompts[${i}].reference.greedy`),
      logits: Float32Array.from(readNumbers(reference.logits, `${file}: prompts[${i}].reference.logits`)),
      hidden: [],
      native:
        native &&
        readList(native.top, `${file}: prompts[${i}].llamacpp.top`).map((pair, k) => {
          const [id, probability] = readNumbers(pair, `${file}: prompts[${i}].llamacpp.top[${k}]`);
          return [id, probability] as const;
        }),
    };
  });
  return { file, cases };
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BaimoError(
      "request",
      `${file}: cannot be read, and without stored answers there is nothing to compare`,
      {
        cause,
      },
    );
  });
  return recordOf(parseJson(text, file), file);
}

/** A list that is not empty. */
function readList(value: unknown, where: string): unknown[] {
  const list = listOf(value, where);
  if (list.length === 0) throw new BaimoError("format", `${where} must not be empty`);
  return list;
}

function readNumbers(value: unknown, where: string): number[] {
  return readList(value, where).map((item, i) => numberOf(item, `${where}[${i}]`));
}

async function readTensor(store: Checkpoint, name: string): Promise<Float32Array> {
  const tensor = store.tensors.get(name);
  if (!tensor) throw new BaimoError("format", `${store.name}: has no tensor "${name}"`);
  const count = tensor.shape.reduce((a, b) => a * b, 1);
  return dequantize(tensor.dtype, await store.readTensor(name), count);
}
