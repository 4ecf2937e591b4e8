// `node bench/tokenizers.mjs`: MB/s of every tokenizer on long and hostile text, and time to open.
//
//   --english FILE  --chinese FILE   texts of your own (UTF-8); default: the packages' Markdown, verse beside the checkout
//   --only REGEXP                    folders of vocabularies
//   --limit N                        at most so many characters of each
//   --library PATH                   measure @huggingface/tokenizers, installed at PATH, on the same texts
// Real vocabularies come from ../shared/fixtures/tokenizers where that is there, the small ones from test/golden.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { openTokenizer } from "../dist/src/tokenizers/index.js";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    english: { type: "string" },
    chinese: { type: "string" },
    only: { type: "string", default: "." },
    library: { type: "string" },
    limit: { type: "string", default: "4000000" },
  },
});

const limit = (text) => text.slice(0, Number(values.limit));

function englishText() {
  if (values.english) return limit(readFileSync(values.english, "utf8"));
  const parts = readdirSync(join(root, "node_modules"), { recursive: true })
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => readFileSync(join(root, "node_modules", name), "utf8"));
  return limit(parts.join("\n"));
}

function chineseText() {
  if (values.chinese) return limit(readFileSync(values.chinese, "utf8"));
  const verse = resolve(root, "..", "shared", "corpus", "poems.jsonl.gz");
  if (!existsSync(verse)) {
    const cases = JSON.parse(
      readFileSync(join(root, "test/golden/tokenizers/synth-qwen2-1/cases.json"), "utf8"),
    );
    return cases
      .map((c) => c.text)
      .filter((text) => /\p{Script=Han}/u.test(text))
      .join("\n")
      .repeat(200);
  }
  const lines = gunzipSync(readFileSync(verse)).toString("utf8").split("\n").slice(0, 30_000);
  return lines
    .filter(Boolean)
    .map((line) => JSON.parse(line).lines.join("\n"))
    .join("\n\n")
    .slice(0, Math.min(1_500_000, Number(values.limit)));
}

const MB = 1_000_000;
const texts = {
  english: englishText(),
  chinese: chineseText(),
};
const hostile = {
  "1 MB a": "a".repeat(MB),
  "1 MB random letters": randomLetters(MB),
  "1 MB Han": Array.from(texts.chinese.replace(/[^\p{Script=Han}]/gu, ""))
    .slice(0, MB / 3)
    .join(""),
  "1 MB spaces": " ".repeat(MB),
};

function randomLetters(size) {
  let seed = 1;
  let out = "";
  while (out.length < size) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    out += String.fromCharCode(97 + ((seed >>> 24) % 26));
  }
  return out;
}

const bytesOf = (text) => Buffer.byteLength(text);

/** The best of three runs, in MB/s, and what one run took. */
function speed(encode, text) {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    try {
      encode(text);
    } catch (error) {
      if (!values.library) throw error;
      return { rate: Number.NaN, seconds: Number.NaN }; // the library throws on some long texts
    }
    best = Math.min(best, performance.now() - start);
    if (best > 3000) break;
  }
  return { rate: bytesOf(text) / MB / (best / 1000), seconds: best / 1000 };
}

function* vocabularies() {
  const wanted = new RegExp(values.only);
  for (const folder of [
    resolve(root, "..", "shared/fixtures/tokenizers"),
    join(root, "test/golden/tokenizers"),
  ]) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      if (name.startsWith("synth-") !== folder.includes("golden") || !wanted.test(name)) continue;
      for (const file of readdirSync(join(folder, name))) {
        if (/^tokenizer\.(json|model)$|\.gguf$/.test(file))
          yield { name, file, path: join(folder, name, file) };
      }
    }
  }
}

/** The library throws on some cases; that is wrong too. */
function tryCheck(check) {
  try {
    return check();
  } catch {
    return false;
  }
}

async function openLibrary(path) {
  const { Tokenizer } = await import(
    pathToFileURL(resolve(values.library, "node_modules/@huggingface/tokenizers/dist/tokenizers.mjs")).href
  );
  const config = join(path, "..", "tokenizer_config.json");
  const tokenizer = new Tokenizer(
    JSON.parse(readFileSync(path, "utf8")),
    existsSync(config) ? JSON.parse(readFileSync(config, "utf8")) : {},
  );
  const cases = JSON.parse(readFileSync(join(path, "..", "cases.json"), "utf8"));
  const right = (check) => cases.filter((c) => tryCheck(() => check(c))).length;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const ids = right((c) => same(Array.from(tokenizer.encode(c.text).ids), c.ids));
  const decoded = right((c) => tokenizer.decode(c.ids, { skip_special_tokens: false }) === c.decode);
  return {
    kind: `${ids} ids and ${decoded} texts of ${cases.length} cases right`,
    vocabSize: "-",
    encode: (text) => tokenizer.encode(text).ids,
  };
}

console.log(
  `node ${process.version}; english ${(bytesOf(texts.english) / MB).toFixed(1)} MB, chinese ${(bytesOf(texts.chinese) / MB).toFixed(1)} MB`,
);
const columns = [
  "vocabulary",
  "kind",
  "tokens",
  "open ms",
  "english MB/s",
  "chinese MB/s",
  ...Object.keys(hostile).map((key) => `${key}, s`),
];
console.log(`| ${columns.join(" | ")} |\n|${columns.map(() => " --- |").join("")}`);
for (const { name, file, path } of vocabularies()) {
  if (values.library && file !== "tokenizer.json") continue;
  const start = performance.now();
  const tokenizer = values.library ? await openLibrary(path) : await openTokenizer(path);
  const opened = performance.now() - start;
  const encode = (text) => tokenizer.encode(text, { addSpecialTokens: false });
  const cells = [
    `${name}/${file}`,
    tokenizer.kind,
    tokenizer.vocabSize,
    opened.toFixed(0),
    ...Object.values(texts).map((text) => speed(encode, text).rate.toFixed(1)),
    ...Object.entries(hostile).map(([, text]) =>
      values.library ? "-" : speed(encode, text).seconds.toFixed(2),
    ),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
