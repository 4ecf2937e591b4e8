// `node bench/corpus.mjs`: time and memory of learning 32,000 tokens from the corpus.
//
//   --pattern gpt2|han4   what words are; default gpt2
//   --vocab N             tokens; default 32000
//   --output FILE         keeps the tokenizer.json
// Cleaning and dedup of the same files: `time npx baimo data clean ../shared/corpus/*.gz --text title,author,lines -o FILE`.
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readDocuments } from "../dist/src/data/index.js";
import { hanPattern, trainTokenizer } from "../dist/src/tokenizers/index.js";

const { values } = parseArgs({
  options: {
    pattern: { type: "string", default: "gpt2" },
    vocab: { type: "string", default: "32000" },
    output: { type: "string" },
  },
});
const patterns = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  han4: hanPattern(4),
};
const folder = resolve(import.meta.dirname, "../../shared/corpus");
const files = ["poems.jsonl.gz", "song-shi.jsonl.gz"].map((name) => join(folder, name));
const missing = files.find((file) => !existsSync(file));
if (missing || !(values.pattern in patterns)) {
  console.error(missing ? `bench: there is no ${missing}` : "bench: --pattern takes gpt2 or han4");
  process.exit(2);
}

let bytes = 0;
async function* texts() {
  for await (const { text } of readDocuments(files, { text: ["title", "author", "lines"], id: "id" })) {
    bytes += Buffer.byteLength(text);
    yield text;
  }
}

const began = performance.now();
const file = await trainTokenizer(texts(), {
  vocabSize: Number(values.vocab),
  pattern: patterns[values.pattern],
});
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage();
if (values.output) writeFileSync(values.output, JSON.stringify(file));
console.log(
  `${(bytes / 1e6).toFixed(1)} MB, ${file.model.merges.length} merges: ${seconds.toFixed(1)} s ` +
    `(processor ${((user + system) / 1e6).toFixed(1)} s), peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
);
