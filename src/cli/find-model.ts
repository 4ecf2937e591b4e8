// Which model a word on the command line names; a mistyped one is refused with the nearest names.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../errors.ts";
import { editDistance, plainName } from "../nearest.ts";
import { POET } from "../poet.ts";
import { commandName } from "./commands/list.ts";
import { hubSettings } from "./environment.ts";
import { loadCatalogue } from "./load-catalogue.ts";

/** A name to suggest. */
interface Candidate {
  /** What to type. */
  readonly shown: string;
  /** What it is compared by. */
  readonly name: string;
}

const modelFile = /\.(gguf|safetensors|bin)$/i;
const onHub = /^\w[\w.-]*\/\w[\w.-]*(:[\w.-]+)?(@[\w./-]+)?$/;
/** Nothing else stands in the names of families, repositories and, mostly, files. */
const nameLetters = /^[\w.:@/\\~-]+$/;

/** Whether a word certainly names a model, mistyped or not. */
export function namesModel(word: string): boolean {
  return word === POET || /^(hf:|[a-z]+:\/\/|file:)/i.test(word) || modelFile.test(word) || existsSync(word);
}

/** Whether a word that is no model here was probably meant for one. `more`: other words follow it. */
export function looksLikeModel(word: string, more: boolean): boolean {
  if (/^(\.{0,2}|~)[\\/]\S/.test(word)) return true;
  if (!nameLetters.test(word) || word.endsWith(".")) return false;
  if (more || onHub.test(word) || (/[a-z]/i.test(word) && /\d/.test(word))) return true;
  const wanted = plainName(word);
  return [POET, ...familyNames()].some((name) => {
    const other = plainName(name);
    return other === wanted || (other.length > 3 && editDistance(other, wanted) === 1);
  });
}

/**
 * The model that a word names, as `load` takes it.
 * @throws {BaimoError} `request` for a word that names none: with the nearest names, and how to get a model
 */
export async function findModel(word: string): Promise<string> {
  if (word === POET || /^(hf:|[a-z]+:\/\/|file:)/i.test(word) || existsSync(word)) return word;
  const near = nearest(word, [{ shown: POET, name: POET }, ...filesNear(word), ...(await downloaded())]);
  const hints = near.length > 0 ? [`did you mean ${near.join(" or ")}?`] : [];
  let how = "baimo pull hf:owner/name downloads a model of the Hub, baimo list shows those that are here";
  if (onHub.test(word) && !modelFile.test(word)) {
    hints.push(`a model of the Hub is written hf:${word}`);
    how = `baimo pull hf:${word} downloads it`;
  } else {
    const families = familyNames().map((name) => ({ shown: name, name }));
    const [family] = nearest(word, families);
    if (family !== undefined) hints.push(`baimo models ${family} shows that family`);
  }
  const name = word.trim() === "" ? JSON.stringify(word) : word;
  const what = [`${name}: there is no such file, folder or model`, ...hints].join("; ");
  throw new BaimoError("request", `${what} (${how})`);
}

const familyNames = (): string[] => loadCatalogue().families.map(({ id }) => id);

/** Model files and folders beside what was written. */
function filesNear(word: string): Candidate[] {
  const [, before = ""] = /^(.*[\\/])/.exec(word) ?? [];
  try {
    return readdirSync(before || ".", { withFileTypes: true })
      .filter((entry) =>
        entry.isDirectory()
          ? existsSync(join(before, entry.name, "config.json"))
          : modelFile.test(entry.name) && !entry.name.endsWith(".bin"),
      )
      .map(({ name }) => ({ shown: before + name, name: before + name }));
  } catch {
    return []; // there is no such folder
  }
}

async function downloaded(): Promise<Candidate[]> {
  const { listCachedModels } = await import("../formats/index.ts");
  const { models } = await listCachedModels(hubSettings().cacheFolder).catch(() => ({ models: [] }));
  return models.map((model) => ({ shown: commandName(model), name: model.repo }));
}

const SHOWN = 3;
/** Letters of a name that are compared. */
const LONGEST = 80;

/** What to type for the nearest, at most three. */
function nearest(word: string, candidates: readonly Candidate[]): string[] {
  return candidates
    .map(({ shown, name }) => ({ shown, off: distance(word, name) }))
    .filter(({ off }) => off < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.off - b.off)
    .slice(0, SHOWN)
    .map(({ shown }) => shown);
}

/** Letters that differ between two names or words of them; infinite where they are too many. */
function distance(word: string, name: string): number {
  const [[whole, ...words], [other, ...others]] = [parts(word), parts(name)];
  let best = Number.POSITIVE_INFINITY;
  for (const a of [whole, ...words]) {
    for (const b of [other, ...others]) {
      const off = a === b ? 0 : editDistance(a, b);
      if (off <= Math.min(2, Math.floor(Math.min(a.length, b.length) / 3))) best = Math.min(best, off);
    }
  }
  return best + editDistance(whole, other) / 100; // of names that are equally near, the most alike
}

/** A name whole, and its words of letters. */
function parts(name: string): string[] {
  const plain = name.toLowerCase().replace(modelFile, "");
  const words = plain.split(/[^\p{L}]+/u).filter((word) => word.length >= 3 && word !== "gguf");
  return [plainName(plain), ...words].map((part) => part.slice(0, LONGEST));
}
