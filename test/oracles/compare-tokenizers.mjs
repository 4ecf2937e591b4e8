// Counts where dist/ makes something else of texts and ids than tokenizers.py writes.
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { openTokenizer } from "../../dist/src/tokenizers/index.js";

const SHOWN = 5;
const tokenizers = new Map();
const counts = new Map();

function streamed(tokenizer, ids) {
  const stream = tokenizer.createDecodeStream({ skipSpecialTokens: false });
  return ids.map((id) => stream.push(id));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { file, text, newer, random, ...expected } = JSON.parse(line);
  if (!tokenizers.has(file)) tokenizers.set(file, await openTokenizer(file));
  const tokenizer = tokenizers.get(file);
  // SentencePiece knows no special tokens in a text.
  const parseSpecialTokens = file.endsWith(".json");
  const ids = expected.ids ?? expected.plainIds;
  const own = {
    ids: () => tokenizer.encode(text, { parseSpecialTokens }),
    plainIds: () => tokenizer.encode(text, { parseSpecialTokens, addSpecialTokens: false }),
    decoded: () => tokenizer.decode(ids, { skipSpecialTokens: false }),
    decodedPlain: () => tokenizer.decode(ids),
    randomDecoded: () => tokenizer.decode(random, { skipSpecialTokens: false }),
    randomDecodedPlain: () => tokenizer.decode(random),
    streamed: () => streamed(tokenizer, random),
  };
  const count = counts.get(file) ?? { texts: 0, differ: 0, newer: 0 };
  counts.set(file, count);
  count.texts++;
  const differing = Object.keys(expected).filter(
    (key) => expected[key] !== null && JSON.stringify(own[key]()) !== JSON.stringify(expected[key]),
  );
  if (differing.length === 0) continue;
  count[newer ? "newer" : "differ"]++;
  if (newer || count.differ > SHOWN) continue;
  console.log(`${file}: ${JSON.stringify(text)} and ${random}`);
  for (const key of differing) {
    console.log(`  ${key}: expected ${JSON.stringify(expected[key])}, found ${JSON.stringify(own[key]())}`);
  }
}

const total = { texts: 0, differ: 0, newer: 0 };
const describe = ({ texts, differ, newer }) =>
  `${texts} texts, ${differ} differ, ${newer} more with characters newer than the oracle's Unicode`;
for (const [file, count] of counts) {
  console.log(`${basename(dirname(file))}/${basename(file)}: ${describe(count)}`);
  for (const key of Object.keys(total)) total[key] += count[key];
}
console.log(describe(total));
process.exitCode = total.differ > 0 ? 1 : 0;
