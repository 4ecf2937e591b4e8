// The corpus as baimo trains on it: texts, requests with poems, a tokenizer, a blank model.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { trainTokenizer } from "../../../dist/src/tokenizers/index.js";
import { formOf, MARKS } from "./forms.mjs";

const HAN = "\\u3400-\\u4dbf\\u4e00-\\u9fff";
const CLEAN = new RegExp(`^[${HAN}${MARKS}]+$`, "u");
const PLAIN = new RegExp(`^[${HAN}]{1,12}$`, "u");
const LONGEST = 180;
/** One poem in so many is held out, by its first clause. */
const HELD_OUT = 64;
const SPECIAL = ["<|user|>", "<|assistant|>", "<|end|>"];
const TEMPLATE =
  "{% for m in messages %}{% if m.role == 'assistant' %}<|assistant|>{% generation %}{{ m.content }}<|end|>{% endgeneration %}" +
  "{% else %}<|user|>{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

/** The clean poems of the corpus: { form, title, lines, isHeldOut }. */
function* readPoems(corpus) {
  const seen = new Set();
  for (const name of ["poems.jsonl.gz", "song-shi.jsonl.gz"]) {
    const path = join(corpus, name);
    if (!existsSync(path)) throw new Error(`${path} is missing; node ../fetch.mjs rebuilds it from its public source`);
    for (const line of gunzipSync(readFileSync(path)).toString().trimEnd().split("\n")) {
      const { form: kind, title, lines } = JSON.parse(line);
      if (kind !== "shi" && kind !== "ci") continue;
      const text = lines.join("");
      const form = kind === "ci" ? title.split(/[・·•‧ ]/)[0] : formOf(text);
      if (!form || !CLEAN.test(text) || text.length > LONGEST || seen.has(text)) continue;
      if (kind === "ci" && !PLAIN.test(form)) continue;
      seen.add(text);
      const opening = text.split(new RegExp(`[${MARKS}]`))[0];
      const isHeldOut = createHash("sha256").update(opening).digest().readUInt32LE() % HELD_OUT === 0;
      yield { kind, form, title: PLAIN.test(title) ? title : "", lines, isHeldOut };
    }
  }
}

function requestOf({ kind, form, title }) {
  if (kind === "ci") return `填一首《${form}》`;
  return title === "" ? `写一首${form}` : `以《${title}》为题写一首${form}`;
}

/** Writes `work`: texts, conversations, both held out, and the model's folder. */
export async function prepare({ corpus, work, model, most }) {
  mkdirSync(join(work, "model"), { recursive: true });
  const files = { texts: [], chats: [], "held-texts": [], "held-chats": [] };
  let count = 0;
  for (const poem of readPoems(corpus)) {
    if (++count > most) break;
    const text = poem.lines.join("\n");
    const messages = [
      { role: "user", content: requestOf(poem) },
      { role: "assistant", content: text },
    ];
    const before = poem.isHeldOut ? "held-" : "";
    files[`${before}texts`].push({ text });
    files[`${before}chats`].push({ messages });
  }
  for (const [name, rows] of Object.entries(files))
    writeFileSync(join(work, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const words = [...files.texts.map(({ text }) => text), ...files.chats.map(({ messages }) => messages[0].content)];
  const tokenizer = await trainTokenizer(words, {
    vocabSize: model.vocab_size,
    specialTokens: SPECIAL,
    hanRun: 1, // a token is a character, or a part of a rare one
  });
  const write = (name, value) =>
    writeFileSync(join(work, "model", name), typeof value === "string" ? value : JSON.stringify(value, undefined, 2));
  write("tokenizer.json", tokenizer);
  write("tokenizer_config.json", { tokenizer_class: "PreTrainedTokenizerFast", eos_token: "<|end|>" });
  write("chat_template.jinja", TEMPLATE);
  write("config.json", { ...model, eos_token_id: SPECIAL.indexOf("<|end|>") });
  return Object.fromEntries(Object.entries(files).map(([name, rows]) => [name, rows.length]));
}
