// The corpus as clean poems, its vocabulary, and what is held out: the same as prepare.py.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { clausesOf, formOf, MARKS, textOf } from "./forms.mjs";
import { charactersOfRequests } from "./requests.mjs";

/** sha256 of the unpacked bytes, as in fetch.mjs. */
const FILES = {
  "poems.jsonl.gz": "d36dc3933629421c3c17952bd4cd4321c72dad8958e16b1ff460b794fbdacdc2",
  "song-shi.jsonl.gz": "b1c0f049407f09c548a0458ea71bd83031af6efc73d5748885a88ca06437b2e7",
};
const HAN = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\u{20000}-\\u{2ffff}";
const NUMERAL = "一二三四五六七八九十百廿卅〇○";
const CLEAN = new RegExp(`^[${HAN}${MARKS}]+$`, "u");
const ALL_HAN = new RegExp(`^[${HAN}]+$`, "u");
const NOT_HAN = new RegExp(`[^${HAN}]`, "gu");
const NAME = new RegExp(`^[${HAN}]{2,4}$`, "u");
const NOTE = /（[^（）]*）|〖[^〖〗]*〗|\[[^[\]]*\]|〔[^〔〕]*〕|\([^()]*\)/g;
const ORDINAL = new RegExp(`^其?[${NUMERAL}]+$`, "u");
const COUNT = new RegExp(`[${NUMERAL}]+首$`, "u");
const PIECE = new RegExp(`[^${MARKS}]+[${MARKS}]+`, "gu");
const NO_TITLES = ["句", "诗", "失题", "无题句"];
const PUNCTUATION = "，。？！、；：《》「」『』“”‘’（）…—・·";
/** Ids that are no characters: <unk>, <s>, </s>, 256 bytes, three of the chat. */
const RESERVED = 262;

const lengthOf = (text) => [...text].length;

/** How often each of some values is there. */
export function countsOf(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function* readCorpus(folder) {
  for (const [name, expected] of Object.entries(FILES)) {
    const path = join(folder, name);
    if (!existsSync(path)) throw new Error(`${path} is missing; node ../fetch.mjs rebuilds it from its public source`);
    const bytes = gunzipSync(readFileSync(path));
    const found = createHash("sha256").update(bytes).digest("hex");
    if (found !== expected) throw new Error(`${path}: sha256 is ${found}, expected ${expected}; fetch the corpus again`);
    for (const line of bytes.toString().trimEnd().split("\n")) {
      const poem = JSON.parse(line);
      if (poem.form === "shi" || poem.form === "ci") yield poem;
    }
  }
}

/** A title without notes, ordinals (其二) and counts (三首); "" where nothing usable is left. */
function cleanTitle(title) {
  const parts = title.replace(NOTE, "").trim().split(" ");
  const whole = parts.length > 1 && ORDINAL.test(parts.at(-1)) ? parts[0] : parts.join(" ");
  const clean = whole.replace(/[\s，。]+$/, "").replace(COUNT, "");
  return ALL_HAN.test(clean) && !NO_TITLES.includes(clean) ? clean : "";
}

/** Lines as printed: of shi a couplet each, of ci a sentence. */
function breakLines(text, kind) {
  const pieces = text.match(PIECE) ?? [];
  const lines = [""];
  for (const [i, piece] of pieces.entries()) {
    lines[lines.length - 1] += piece;
    if (kind === "shi" ? i % 2 === 1 : "。？！；".includes(piece.at(-1))) lines.push("");
  }
  return lines.filter((line) => line !== "");
}

/** A clean poem, or why there is none. */
function cleanPoem(raw, longest) {
  const { form: kind, dynasty } = raw;
  const pieces = raw.lines.map((line) => line.replace(/[「」『』“”‘’\s]/g, "")).filter((line) => line !== "");
  const text = pieces.map((line) => (MARKS.includes(line.at(-1)) ? line : `${line}。`)).join("");
  if (!CLEAN.test(text))
    return "characters other than Han and punctuation (lost or unencoded characters, notes, damage)";
  if (lengthOf(text) > longest) return "longer than the limit";
  const author = NAME.test(raw.author) ? raw.author : "";
  const lines = breakLines(text, kind);
  if (kind === "shi") {
    if (raw.title.startsWith("句")) return "a fragment (句)";
    const form = formOf(text);
    if (!form) return "a shi of no regular form";
    return { kind, form, title: cleanTitle(raw.title), tune: "", aliases: [], author, lines };
  }
  const names = raw.title
    .split(/[・·•‧]/)
    .map((part) => part.replace(NOTE, "").replace(/\s.*/, "").replace(NOT_HAN, ""))
    .filter((part) => part !== "");
  // Of Song a second name is another name; elsewhere a subtitle.
  const aliases = dynasty === "song" ? names : names.slice(0, 1);
  if (aliases.length === 0 || aliases.includes("失调名")) return "a ci without a tune";
  return { kind, form: "词", title: "", tune: aliases[0], aliases, author, lines };
}

/** The commonest characters of verse, titles and tunes, behind those that requests need. */
function charactersOf(poems, vocabSize) {
  const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const required = new Set(["\u2581", ...ascii, ...PUNCTUATION, ...charactersOfRequests()]);
  const all = countsOf(poems.flatMap((poem) => [...textOf(poem), ...poem.title, ...poem.tune]));
  const common = [...all]
    .filter(([character]) => !required.has(character))
    .sort(([a, m], [b, n]) => n - m || a.codePointAt(0) - b.codePointAt(0))
    .map(([character]) => character);
  return [...required, ...common.slice(0, vocabSize - RESERVED - required.size)];
}

/** A number in [0, 1) that a text always has. */
function fractionOf(seed, text) {
  const digest = createHash("sha256").update(`${seed}:${text}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

const longClauses = (poem) => clausesOf(textOf(poem)).filter((clause) => lengthOf(clause) >= 5);

/**
 * The poems to learn from, those held out, and the characters of both; `dropped` counts the others by reason.
 *
 * settings  `data` of config.json
 */
export function readPoems(corpus, settings, vocabSize) {
  const reasons = [];
  const seen = new Set();
  const poems = [];
  for (const raw of readCorpus(corpus)) {
    const poem = cleanPoem(raw, settings.maxCharacters);
    const words = typeof poem === "string" ? "" : clausesOf(textOf(poem)).join("");
    if (typeof poem === "string") reasons.push(poem);
    else if (seen.has(words)) reasons.push("the same words as an earlier poem");
    else poems.push(poem);
    seen.add(words);
  }
  // A tune with several names counts under its commonest.
  const tunes = countsOf(poems.map(({ tune }) => tune));
  const uses = (name) => tunes.get(name) ?? 0;
  for (const poem of poems)
    if (poem.aliases.length > 1) poem.tune = poem.aliases.reduce((best, name) => (uses(name) > uses(best) ? name : best));

  const characters = charactersOf(poems, vocabSize);
  const known = new Set(characters);
  const train = [];
  const openings = [];
  for (const poem of poems) {
    const text = textOf(poem);
    if ([...text].some((character) => !known.has(character))) reasons.push("a character outside the vocabulary");
    else if (fractionOf(settings.splitSeed, clausesOf(text)[0]) < settings.heldOutShare) openings.push(poem);
    else train.push(poem);
  }
  const learned = new Set(train.flatMap(longClauses));
  const heldOut = openings.filter((poem) => {
    const long = longClauses(poem);
    const isKnown = long.length > 0 && long.filter((clause) => learned.has(clause)).length / long.length >= 0.25;
    if (isKnown) reasons.push("held-out, but a quarter of its clauses are in training");
    return !isKnown;
  });
  return { train, heldOut, characters, dropped: Object.fromEntries(countsOf(reasons)) };
}
