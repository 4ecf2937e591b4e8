// Writes models with seeded random weights in the shapes of published ones into bench/data/.
//
// Benchmarks and checks by hand run on these, since a speed does not depend on what the weights say.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseTypes, isQuantizedTensor } from "../dist/src/formats/gguf/file-types.js";
import { fileTypes, quantize, writeGguf, writeSafetensors } from "../dist/src/formats/index.js";
import { createRandom } from "../dist/src/random.js";
import { dtypes } from "../dist/src/tensor/dtype.js";
import { listTensors, shapeMetadata, shapes } from "./model-shapes.mjs";
import { folderFiles, vocabularyMetadata } from "./vocabularies.mjs";

const dataFolder = join(import.meta.dirname, "data");

/**
 * Makes a model unless it is there; says where it lies, and whether it was made now.
 *
 * name  shape and type of file: `llama-1.1b-Q4_0`, `mixtral-1.5b-Q4_K_M` (GGUF), `qwen3-0.6b-BF16-safetensors` (a folder)
 */
export async function prepareModel(name) {
  const [, shapeName, type, folder] = /^(.+?)-([A-Z0-9_]+)(-safetensors)?$/.exec(name) ?? [];
  const shape = shapes[shapeName];
  const known = Object.hasOwn(fileTypes, type) || Object.hasOwn(dtypes, type);
  if (shape === undefined || !known || (folder && shape.architecture !== "qwen3")) {
    throw new Error(
      `no random model "${name}"; shapes are ${Object.keys(shapes).join(", ")}, types ${Object.keys(fileTypes).join(", ")} ` +
        "or that of all matrices (Q4_K, IQ4_NL, …); a folder only of qwen3-0.6b",
    );
  }
  mkdirSync(dataFolder, { recursive: true });
  const path = join(dataFolder, folder ? name : `${name}.gguf`);
  const weights = folder ? join(path, "model.safetensors") : path;
  const made = !existsSync(weights);
  if (made) {
    console.error(`bench: making ${path}`);
    if (folder) await writeFolder(path, weights, shape, type);
    else await writeFile(weights, name, shape, type);
  }
  return { path, bytes: statSync(weights).size, made };
}

async function writeFile(path, name, shape, type) {
  const metadata = {
    "general.architecture": shape.architecture,
    "general.name": name,
    ...(Object.hasOwn(fileTypes, type) ? { "general.file_type": fileTypes[type].number } : {}),
    ...shapeMetadata(shape),
    ...vocabularyMetadata(shape),
  };
  const listed = listTensors(shape).map((tensor) => ({ ...tensor, name: tensor.gguf }));
  const types = Object.hasOwn(fileTypes, type)
    ? chooseTypes(listed, new Map(Object.entries(metadata)), type)
    : new Map(listed.filter(isQuantizedTensor).map((tensor) => [tensor.name, type]));
  const tensors = listed.map((tensor) => {
    const made = { ...tensor, dtype: types.get(tensor.name) ?? tensor.dtype };
    return { ...made, data: () => randomBytes(made) };
  });
  await writeGguf(path, { metadata, tensors });
}

/** transformers writes all of a model in one type. */
async function writeFolder(folder, weights, shape, dtype) {
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(folderFiles(shape))) {
    writeFileSync(join(folder, file), JSON.stringify(content, undefined, 2));
  }
  const tensors = listTensors(shape).map((tensor) => {
    const made = { ...tensor, dtype };
    return { ...made, data: () => randomBytes(made) };
  });
  await writeSafetensors(weights, { metadata: { format: "pt" }, tensors });
}

/** Most values made at a time. */
const PIECE = 1 << 22;

/**
 * The bytes of a tensor, some whole blocks at a time: norms are 1, biases 0; matrices are random with variance 1 / columns, so
 * that activations keep their size. The seed is the tensor's name. No scale is subnormal in half precision.
 */
function* randomBytes({ name, shape, dtype }) {
  const count = shape.reduce((a, b) => a * b, 1);
  if (shape.length === 1) {
    yield quantize(dtype, new Float32Array(count).fill(name.endsWith(".bias") ? 0 : 1));
    return;
  }
  const seed = createHash("sha256").update(name).digest().readUInt32LE(0);
  const random = createRandom(seed);
  const bits = randomWords(seed);
  const sigma = 1 / Math.sqrt(shape.at(-1));
  if (dtypes[dtype].elements > 1 && !(dtype in SPREAD)) {
    yield* drawnBlocks(dtype, count, sigma, random, bits);
    return;
  }
  // A table of 4,096 encoded values (or block scales), from which each element (or block) draws.
  const blockBytes = { Q4_0: 18, Q8_0: 34 }[dtype];
  // Levels reach one further down than up; scales of either sign keep the mean at zero.
  const sign = () => (random.integer(2) === 0 ? 1 : -1);
  const spread = SPREAD[dtype];
  const table = Float32Array.from({ length: 4096 }, () =>
    blockBytes === undefined
      ? sigma * random.normal()
      : (sigma / spread) * (0.75 + 0.5 * random.uniform()) * sign(),
  );
  const drawn = quantize(blockBytes === undefined ? dtype : "F16", table);
  const width = drawn.length / table.length;
  for (let done = 0; done < count; done += PIECE) {
    const values = Math.min(PIECE, count - done);
    if (blockBytes === undefined) {
      const words = width === 4 ? new Uint32Array(values) : new Uint16Array(values);
      const from = new words.constructor(drawn.buffer, drawn.byteOffset, table.length);
      for (let i = 0; i < values; i++) words[i] = from[bits() & 4095];
      yield new Uint8Array(words.buffer);
    } else {
      const bytes = new Uint8Array((values / 32) * blockBytes);
      const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
      for (let i = 0; i < words.length; i++) words[i] = bits();
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const pick = 2 * (bits() & 4095);
        bytes[at] = drawn[pick];
        bytes[at + 1] = drawn[pick + 1];
      }
      yield bytes;
    }
  }
}

/** The standard deviations of uniform levels -8…7 and -128…127. */
const SPREAD = { Q4_0: 4.61, Q8_0: 73.9 };

/** Blocks drawn from a table of 512, which are those of normal values. */
function* drawnBlocks(dtype, count, sigma, random, bits) {
  const { elements, bytes: size } = dtypes[dtype];
  const table = quantize(
    dtype,
    Float32Array.from({ length: 512 * elements }, () => sigma * random.normal()),
  );
  for (let done = 0; done < count; done += PIECE) {
    const bytes = new Uint8Array((Math.min(PIECE, count - done) / elements) * size);
    for (let at = 0; at < bytes.length; at += size) {
      const pick = (bits() & 511) * size;
      bytes.set(table.subarray(pick, pick + size), at);
    }
    yield bytes;
  }
}

/** A fast stream of 32 random bits at a time (Marsaglia's xorshift, period 2^32 - 1): ample for bytes nobody reads. */
function randomWords(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
