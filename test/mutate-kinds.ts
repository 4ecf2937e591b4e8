// What mutate.ts damages: model files of each format, config.json, tokenizers, packed weights.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckpointInput, dequantize, openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { describeModel } from "../src/models/open-model.ts";
import type { Random } from "../src/random.ts";
import { tokenizerFromFiles } from "../src/tokenizers/files/from-files.ts";
import { readTokenizerFiles, tokenizerFromGguf } from "../src/tokenizers/index.ts";
import { mutateJson } from "./mutate-json.ts";
import { mutations } from "./mutations.ts";
import { golden } from "./places.ts";

/** One kind of damage, prepared. */
export interface Damage {
  /** Damages something and uses it. What it throws is judged by the caller. */
  one(random: Random, n: number): Promise<void>;
  end?(): Promise<void> | void;
}

interface Kind {
  /** Of all cases. */
  readonly share: number;
  prepare(): Promise<Damage>;
}

const TEXT = "秋夜 autumn night, 12 345 naïve \u0301\u0316\n\n <s>[INST] 😀";
const PROMPT = [1, 50, 30, 7];

const read = (path: string) => new Uint8Array(readFileSync(path));
const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)];
const named = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

function damaged(random: Random, originals: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return pick(mutations, random)(pick(originals, random), random, pick(originals, random));
}

/** Opens a checkpoint, understands it, and reads all of its values. */
async function use(input: CheckpointInput): Promise<void> {
  const checkpoint = await openCheckpoint(input);
  try {
    for (const { name, dtype, shape } of checkpoint.tensors.values()) {
      dequantize(
        dtype,
        await checkpoint.readTensor(name),
        shape.reduce((a, b) => a * b, 1),
      );
    }
    if (checkpoint.format !== "torch") await describeModel(checkpoint);
    if (checkpoint.format !== "gguf") return;
    const tokenizer = tokenizerFromGguf(checkpoint.metadata);
    tokenizer.decode(tokenizer.encode(TEXT));
  } finally {
    await checkpoint.close();
  }
}

/** A family's folder as files in memory. */
function familyFiles(family: string): { config: Uint8Array<ArrayBuffer>; weights: Uint8Array<ArrayBuffer> } {
  const folder = golden("families", family);
  return { config: read(join(folder, "config.json")), weights: read(join(folder, "model.safetensors")) };
}

const inFolder = (config: Uint8Array<ArrayBuffer>, weights: Uint8Array<ArrayBuffer>) => [
  new File([config], "config.json"),
  new File([weights], "model.safetensors"),
];

async function useTokenizer(files: Record<string, Uint8Array>): Promise<void> {
  const tokenizer = tokenizerFromFiles(
    await readTokenizerFiles({ name: "damaged", read: async (name) => files[name] }),
  );
  if (!tokenizer) return;
  const ids = tokenizer.encode(TEXT);
  if (!ids.every((id) => Number.isInteger(id) && id >= 0)) throw new Error(`ids ${ids.join()}`);
  tokenizer.decode(ids);
}

/** Logits of a model on one thread; the damage is told by what they are. */
async function logitsOf(source: string | Uint8Array, packedCache?: { folder: string; leastBytes: number }) {
  const model = await load(source, { threads: 1, contextLength: 32, packedCache });
  try {
    return (await model.logits(PROMPT)).data;
  } finally {
    await model.dispose();
  }
}

export const damages: Readonly<Record<string, Kind>> = {
  gguf: {
    share: 0.2,
    async prepare() {
      const originals = [...named(golden("gguf"), ".gguf"), ...named(golden("gguf-families"), ".gguf")].map(
        read,
      );
      return { one: (random) => use(damaged(random, originals)) };
    },
  },
  safetensors: {
    share: 0.175,
    async prepare() {
      const families = readdirSync(golden("families")).map(familyFiles);
      const all = families.map(({ weights }) => weights);
      return {
        one(random) {
          const { config, weights } = pick(families, random);
          return use(inFolder(config, pick(mutations, random)(weights, random, pick(all, random))));
        },
      };
    },
  },
  torch: {
    share: 0.175,
    async prepare() {
      const originals = [...named(golden("torch"), ".pt"), ...named(golden("torch"), ".bin")].map(read);
      return { one: (random) => use(damaged(random, originals)) };
    },
  },
  config: {
    share: 0.225,
    async prepare() {
      const families = readdirSync(golden("families")).map(familyFiles);
      const all = families.map(({ config }) => config);
      return {
        one(random) {
          const { config, weights } = pick(families, random);
          const other = pick(all, random);
          const bytes =
            random.integer(4) === 0
              ? pick(mutations, random)(config, random, other)
              : mutateJson(config, random, other);
          return use(inFolder(bytes, weights));
        },
      };
    },
  },
  tokenizer: {
    share: 0.125,
    async prepare() {
      const folders = readdirSync(golden("tokenizers")).map((name) => golden("tokenizers", name));
      const json = folders.flatMap((folder) => {
        const files = readdirSync(folder).filter((name) => /^tokenizer(_config)?\.json$/.test(name));
        return files.length < 2
          ? []
          : [Object.fromEntries(files.map((name) => [name, read(join(folder, name))]))];
      });
      return {
        one(random) {
          const files = pick(json, random);
          const name = random.integer(5) === 0 ? "tokenizer_config.json" : "tokenizer.json";
          const [bytes, other] = [files[name], pick(json, random)[name]];
          const changed =
            random.integer(3) === 0
              ? pick(mutations, random)(bytes, random, other)
              : mutateJson(bytes, random, other);
          return useTokenizer({ ...files, [name]: changed });
        },
      };
    },
  },
  sentencepiece: {
    share: 0.05,
    async prepare() {
      const folders = readdirSync(golden("tokenizers")).map((name) => golden("tokenizers", name));
      const originals = folders.flatMap((folder) => named(folder, "tokenizer.model")).map(read);
      return { one: (random) => useTokenizer({ "tokenizer.model": damaged(random, originals) }) };
    },
  },
  weights: {
    share: 0.025,
    async prepare() {
      const originals = named(golden("gguf"), ".gguf").map(read);
      return {
        async one(random) {
          const bytes = Uint8Array.from(pick(originals, random));
          for (let k = 1 + random.integer(5000); k > 0; k--) {
            bytes[bytes.length - 1 - random.integer(Math.trunc(0.8 * bytes.length))] = pick(
              [0xff, 0x7f, random.integer(256)],
              random,
            );
          }
          await logitsOf(bytes);
        },
      };
    },
  },
  packed: {
    share: 0.025,
    async prepare() {
      const root = mkdtempSync(join(tmpdir(), "baimo-mutate-"));
      const source = join(root, "model.gguf");
      copyFileSync(golden("gguf", "llama-kmix.gguf"), source);
      const cache = { folder: join(root, "packed"), leastBytes: 0 };
      const expected = await logitsOf(source, cache);
      const [path] = named(cache.folder, ".packed");
      const whole = read(path);
      return {
        async one(random) {
          // Half of the damage in the directory, which lies at an end.
          const bytes = random.integer(2) === 0 ? damaged(random, [whole]) : Uint8Array.from(whole);
          if (bytes.length === whole.length) {
            const at =
              random.integer(2) === 0 ? random.integer(4096) : whole.length - 1 - random.integer(4096);
            bytes[at % whole.length] ^= 1 << random.integer(8);
          }
          writeFileSync(path, bytes);
          const logits = await logitsOf(source, cache);
          if (!logits.every((value, i) => value === expected[i])) throw new Error("other logits");
        },
        end: () => rmSync(root, { recursive: true }),
      };
    },
  },
};
