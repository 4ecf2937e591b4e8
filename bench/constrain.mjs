// `node bench/constrain.mjs`: time of a token mask and of compiling, 151,644 tokens.
//
//   --schemas N       every N-th schema of ../shared/fixtures/json-schema/schemas.jsonl (default 7)
//   --rounds N        how often all of it is done anew; of each step the least time counts (default 3)
//   --xgrammar PATH   measure @mlc-ai/web-xgrammar, installed at PATH, on the same tokens
// Tokens are those of the vocabularies in ../shared/fixtures/tokenizers where they are, filled up with made-up words.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ConstraintCompiler } from "../dist/src/generate/constrain/constraint.js";
import { openTokenizer } from "../dist/src/tokenizers/index.js";

const fixtures = resolve(import.meta.dirname, "..", "..", "shared", "fixtures");
const { values } = parseArgs({
  options: {
    schemas: { type: "string", default: "7" },
    rounds: { type: "string", default: "3" },
    xgrammar: { type: "string" },
  },
});

const SIZE = 151_644;

/** The bytes of each token: real ones first, then made-up words; the last one ends an answer. */
async function makeVocabulary() {
  const tokens = new Map();
  const add = (bytes) => {
    const key = String.fromCharCode(...bytes);
    if (bytes.length > 0 && tokens.size < SIZE - 1 && !tokens.has(key)) tokens.set(key, bytes);
  };
  for (let byte = 0; byte < 256; byte++) add(Uint8Array.of(byte));
  for (const name of ["gpt-2", "deepseek-llm", "falcon"]) {
    const file = join(fixtures, "tokenizers", name, `ggml-vocab-${name}.gguf`);
    if (!existsSync(file)) continue;
    const tokenizer = await openTokenizer(file);
    for (let id = 0; id < tokenizer.vocabSize; id++) {
      if (!tokenizer.isSpecial(id)) add(tokenizer.tokenBytes(id));
    }
  }
  const real = tokens.size;
  const syllables = [
    "ba",
    "ce",
    "di",
    "for",
    "gu",
    "ha",
    "in",
    "ke",
    "lo",
    "mu",
    "na",
    "o",
    "per",
    "ra",
    "st",
    "tion",
  ];
  for (let word = 0; tokens.size < SIZE - 1; word++) {
    let text = word % 2 === 0 ? " " : "";
    for (let left = word; left > 0; left = Math.floor(left / 16)) text += syllables[left % 16];
    add(new TextEncoder().encode(text));
  }
  console.log(
    `${SIZE.toLocaleString("en")} tokens, ${real.toLocaleString("en")} of them from published vocabularies`,
  );
  return [...tokens.values(), new Uint8Array()];
}

/** Cuts bytes into the longest tokens. */
function tokenise(bytes, ids) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    let length = Math.min(24, bytes.length - at);
    while (!ids.has(String.fromCharCode(...bytes.subarray(at, at + length)))) length--;
    found.push(ids.get(String.fromCharCode(...bytes.subarray(at, at + length))));
    at += length;
  }
  return found;
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

const tokens = await makeVocabulary();
const ids = new Map(tokens.map((bytes, id) => [String.fromCharCode(...bytes), id]));
const rows = readFileSync(join(fixtures, "json-schema", "schemas.jsonl"), "utf8")
  .trim()
  .split("\n")
  .filter((_, i) => i % Number(values.schemas) === 0)
  .map((line) => JSON.parse(line));
const texts = rows.map(({ valid }) =>
  valid.slice(0, 2).map((instance) => tokenise(new TextEncoder().encode(JSON.stringify(instance)), ids)),
);

/** Reads every instance, `rounds` times from the beginning, and keeps the least time of each step. */
async function measure(name, rounds, makeCompiler) {
  const masks = [];
  const compiles = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    const keep = (times, place, from) => {
      times[place] = Math.min(times[place] ?? Number.POSITIVE_INFINITY, performance.now() - from);
    };
    const started = performance.now();
    const compile = await makeCompiler();
    if (round === 0)
      console.log(`${name}: vocabulary made ready in ${(performance.now() - started).toFixed(0)} ms`);
    let mask = 0;
    for (const [i, { schema }] of rows.entries()) {
      const before = performance.now();
      const constraint = await compile(schema);
      keep(compiles, i, before);
      for (const text of texts[i]) {
        const state = await constraint.start();
        for (const token of [...text, SIZE - 1]) {
          const from = performance.now();
          await state.mask();
          keep(masks, mask++, from);
          if (state.accept(token)) continue;
          if (round === 0) wrong++;
          break;
        }
        state.dispose?.();
      }
    }
  }
  masks.sort((a, b) => a - b);
  compiles.sort((a, b) => a - b);
  const microseconds = (part) => `${(quantile(masks, part) * 1000).toFixed(1)} µs`;
  console.log(
    `${name}: ${masks.length} masks, median ${microseconds(0.5)}, p90 ${microseconds(0.9)}, p99 ${microseconds(0.99)}; ` +
      `compile median ${quantile(compiles, 0.5).toFixed(1)} ms, p90 ${quantile(compiles, 0.9).toFixed(1)} ms; ` +
      `${wrong} instances not accepted`,
  );
}

function makeOwn() {
  const compiler = new ConstraintCompiler({
    size: SIZE,
    tokenBytes: (id) => tokens[id],
    endTokens: [SIZE - 1],
  });
  const words = new Uint32Array(Math.ceil(SIZE / 32));
  return (schema) => {
    const constraint = compiler.compile({ schema });
    compiler.prepare(Number.POSITIVE_INFINITY);
    return {
      start() {
        const state = constraint.start();
        return { mask: () => state.mask(words), accept: (token) => state.accept(token) };
      },
    };
  };
}

/** The same with web-xgrammar, whose module is CommonJS though its package says otherwise. */
function loadXgrammar(folder) {
  const code = readFileSync(join(folder, "node_modules/@mlc-ai/web-xgrammar/lib/index.js"), "utf8");
  const module = { exports: {} };
  new Function("module", "exports", "require", "__filename", "__dirname", code)(
    module,
    module.exports,
    createRequire(import.meta.url),
    import.meta.filename,
    import.meta.dirname,
  );
  const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = module.exports;
  const names = tokens.map((bytes, id) => (id === SIZE - 1 ? "</s>" : byteLevel(bytes)));
  return async () => {
    const info = await TokenizerInfo.createTokenizerInfo(names, "byte_level", false, SIZE, [SIZE - 1]);
    const compiler = await GrammarCompiler.createGrammarCompiler(info, true);
    return async (schema) => {
      const compiled = await compiler.compileJSONSchema(JSON.stringify(schema));
      return {
        async start() {
          const matcher = await GrammarMatcher.createGrammarMatcher(compiled);
          return {
            mask: () => matcher.getNextTokenBitmask(),
            accept: (token) => matcher.acceptToken(token),
            dispose: () => matcher.dispose(),
          };
        },
      };
    };
  };
}

/** Bytes as GPT-2 writes them. */
function byteLevel(bytes) {
  const printable = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173);
  const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !printable(byte));
  return Array.from(bytes, (byte) =>
    String.fromCodePoint(printable(byte) ? byte : 256 + others.indexOf(byte)),
  ).join("");
}

await measure("this engine", Number(values.rounds), makeOwn);
if (values.xgrammar)
  await measure("web-xgrammar", Number(values.rounds), loadXgrammar(resolve(values.xgrammar)));
