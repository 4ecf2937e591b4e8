// A draft that is right, beside none: node bench/draft.mjs MODEL.gguf [LAYERS] [THREADS] [ROUNDS]
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint, writeGguf } from "../dist/src/formats/index.js";
import { load } from "../dist/src/index.js";

const [path, layers = "2", threads = "2", rounds = "3", tokens = "48"] = process.argv.slice(2);
if (!path) throw new Error("which model? Give the path of a GGUF file of the llama architecture");
const folder = join(import.meta.dirname, "data");

/**
 * A model with random weights has no smaller one that knows what it will say. So the outputs of its later layers are made zero: it
 * takes as long as before, and its first layers alone are a draft that says the same.
 */
async function makePair() {
  const pair = { target: join(folder, "drafted.gguf"), draft: join(folder, `draft-${layers}.gguf`) };
  const source = await openCheckpoint(path);
  const { metadata, tensors } = source;
  const layerOf = (name) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
  const ends = /\.(attn_output|ffn_down)\.weight$/;
  const write = async (to, names, more, change) => {
    if (existsSync(to)) return;
    const kept = await Promise.all(
      names.map(async (name) => {
        const { shape, dtype } = tensors.get(name);
        const bytes = change(name, await source.readTensor(name));
        return { name, shape, dtype, data: () => [bytes] };
      }),
    );
    await writeGguf(to, { metadata: { ...Object.fromEntries(metadata), ...more }, tensors: kept });
  };
  const all = [...tensors.keys()];
  const isLate = (name) => layerOf(name) >= Number(layers);
  await write(pair.target, all, {}, (name, bytes) =>
    isLate(name) && ends.test(name) ? new Uint8Array(bytes.length) : bytes,
  );
  const few = all.filter((name) => !isLate(name));
  await write(pair.draft, few, { "llama.block_count": Number(layers) }, (_, bytes) => bytes);
  await source.close();
  return pair;
}

const pair = await makePair();
const settings = { threads: Number(threads), contextLength: 512 };
const model = await load(pair.target, { ...settings, draft: pair.draft });
const prompt = Array.from({ length: 48 }, (_, i) => 5 + ((i * i * 37 + i * 11) % 30_000));

/** Milliseconds a token after the first. */
async function generate(options) {
  const given = { maxTokens: Number(tokens), ignoreEos: true, temperature: 0, ...options };
  for await (const event of model.complete(prompt, given)) {
    if (event.type !== "finish") continue;
    const { timings, usage, speculation } = event;
    return { ms: timings.generationMs / (usage.completionTokens - 1), ...speculation };
  }
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
await generate({ maxTokens: 8 });
const times = { off: [], draft: [] };
let counts = {};
for (let round = 0; round < Number(rounds); round++) {
  times.off.push((await generate({ speculation: "off" })).ms);
  counts = await generate({ speculation: "draft" });
  times.draft.push(counts.ms);
}
const [off, draft] = [median(times.off), median(times.draft)];
console.log(
  `${off.toFixed(1)} ms a token, with a draft of ${layers} layers ${draft.toFixed(1)}: ${(off / draft).toFixed(2)} times as fast ` +
    `(${counts.accepted} of ${counts.drafted} guesses right)`,
);
await model.dispose();
