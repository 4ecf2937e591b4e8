// What a run learns from: its files read once, packed or listed in `out`, opened as steps' batches.
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import {
  openPackedCorpus,
  type PackedCorpus,
  packDocuments,
  type TokenDocument,
  writeExampleList,
} from "../../data/index.ts";
import { clearPackedFolder, isPackedFolder } from "../../data/packing/packed-folder.ts";
import { BaimoError } from "../../errors.ts";
import { endTokensOf, type Language } from "../../generate/language.ts";
import type { ModelConfig } from "../../models/config/config.ts";
import { sha256 } from "../../sha256.ts";
import type { TaughtBatch } from "../tasks/next-tokens.ts";
import type { PairScore } from "../tasks/pairs.ts";
import {
  type BatchSizes,
  conversations,
  groups,
  inOrder,
  packedRows,
  pairs,
  type Source,
} from "./batches.ts";
import { answerTokensOf, type TrainConfig } from "./config.ts";
import { type PairExample, readChats, readPairs, readPrompts, readTexts } from "./examples.ts";
import type { DrawnGroups, Judge } from "./judge.ts";

/** A model as what reads texts for it. */
export interface Reader {
  /** The model's folder or file. */
  readonly path: string;
  readonly config: ModelConfig;
  readonly language: Language;
}

/** What a run learns from. */
export interface RunData {
  /** Rows, conversations or pairs. */
  readonly count: number;
  /** Examples that were longer than a row. */
  readonly cut: number;
  /** Of all that is learned from, and of how it became tokens. */
  readonly hash: string;
  /** Where packed sequences or the list of examples lie. */
  readonly folder: string;
  readonly evaluation: readonly TaughtBatch[];
  /** Pairs in micro-batches, in their order: what the reference is asked. */
  readonly pairs: readonly (readonly PairExample[])[];
  /** Where the reference's scores are known, or are not needed; of prompts who draws answers to them. */
  source(reference: readonly PairScore[], drawing?: Drawing): Source;
  close(): Promise<void>;
}

/** Who draws answers for a step, and those that the step before had. */
export interface Drawing {
  readonly draw: Parameters<typeof groups>[1];
  readonly kept?: DrawnGroups;
}

/**
 * Reads the data. Texts are packed into `data` of the run's folder; a run that goes on finds them there.
 * @throws {BaimoError} `format` or `request` for data that is wrong, or where there is none
 */
export async function openRunData(
  config: TrainConfig,
  reader: Reader,
  goesOn: boolean,
  judge?: Judge,
): Promise<RunData> {
  const { batch, microBatch, sequenceLength } = config;
  const sizes: BatchSizes = { batch, microBatch, sequenceLength };
  if (config.stage === "sft") return openChats(config, reader, sizes);
  if (config.stage === "dpo") return openPairs(config, reader, sizes);
  if (config.stage === "grpo") return openPrompts(config, reader, { sizes, judge });
  return openTexts(config, reader, { sizes, goesOn });
}

const dataOf = ({ out }: TrainConfig) => join(resolve(out), "data");

async function openTexts(
  config: TrainConfig,
  reader: Reader,
  { sizes, goesOn }: { sizes: BatchSizes; goesOn: boolean },
): Promise<RunData> {
  const [first] = config.data;
  const isPacked = config.data.length === 1 && isPackedFolder(first);
  const folder = isPacked ? resolve(first) : dataOf(config);
  if (!isPacked && !(goesOn && isPackedFolder(folder))) await pack(config, reader, folder);
  const corpus = await openPackedCorpus(folder);
  if (isPacked) await checkPacked(corpus, config, reader, folder);
  const held: TaughtBatch[] = [];
  for await (const { tokens } of readTexts(config.evaluation, reader.language.tokenizer, endOf(reader))) {
    const ids = Int32Array.from(tokens);
    const targets = Int32Array.from(ids, (_, i) => ids[i + 1] ?? -100);
    held.push({ tokens: ids, targets, documents: [ids.length] });
  }
  return {
    count: corpus.manifest.sequences,
    cut: 0,
    hash: corpus.hash,
    folder,
    evaluation: inOrder(held, sizes),
    pairs: [],
    source: () => packedRows(corpus, sizes, config.seed),
    close: () => corpus.close(),
  };
}

async function pack({ data, sequenceLength }: TrainConfig, reader: Reader, folder: string): Promise<void> {
  clearPackedFolder(folder);
  const { tokenizer } = reader.language;
  const separator = endOf(reader);
  const documents: AsyncGenerator<TokenDocument> = readTexts(data, tokenizer, separator);
  await packDocuments(documents, {
    output: folder,
    sequenceLength,
    vocabSize: tokenizer.vocabSize,
    separator,
    tokenizer: { file: basename(reader.path), sha256: await tokenizerHash(reader) },
  });
}

/** The token behind every text. @throws {BaimoError} `request` where the model has none */
function endOf({ path, config, language: { tokenizer } }: Reader): number {
  const end = tokenizer.eosTokenIds[0] ?? endTokensOf(tokenizer, config)[0];
  if (end !== undefined) return end;
  throw new BaimoError(
    "request",
    `${path}: neither its tokenizer nor its config names an end token, which parts texts; give config.json an eos_token_id`,
  );
}

/** Of tokenizer.json, as `baimo data pack` has it; else of the vocabulary. */
async function tokenizerHash({ path, language: { tokenizer } }: Reader): Promise<string> {
  const file = join(path, "tokenizer.json");
  if (existsSync(file)) return sha256(readFileSync(file));
  return sha256(
    JSON.stringify(Array.from({ length: tokenizer.vocabSize }, (_, i) => tokenizer.idToToken(i))),
  );
}

/** @throws {BaimoError} `request` where a corpus was packed otherwise than this run reads it */
async function checkPacked(
  { manifest }: PackedCorpus,
  { sequenceLength }: TrainConfig,
  reader: Reader,
  folder: string,
): Promise<void> {
  const wrong = (what: string) =>
    new BaimoError("request", `${folder}: ${what}; pack it anew with baimo data pack`);
  if (manifest.sequenceLength !== sequenceLength)
    throw wrong(
      `its sequences have ${manifest.sequenceLength} tokens, but sequenceLength is ${sequenceLength}`,
    );
  if (manifest.tokenizer.sha256 !== (await tokenizerHash(reader)))
    throw wrong(`it was packed with another tokenizer than that of ${reader.path}`);
}

async function openChats(config: TrainConfig, { language }: Reader, sizes: BatchSizes): Promise<RunData> {
  const { data, evaluation, sequenceLength, seed } = config;
  const { examples, cut } = await readChats(data, language, sequenceLength);
  const held = await readChats(evaluation, language, sequenceLength);
  const folder = dataOf(config);
  const hash = await list(
    folder,
    examples.map(({ source, tokens, targets }) => ({ source, ids: [tokens, targets], size: tokens.length })),
  );
  return {
    count: examples.length,
    cut,
    hash,
    folder,
    evaluation: inOrder(held.examples, sizes),
    pairs: [],
    source: () => conversations(examples, sizes, { seed, hash }),
    async close() {},
  };
}

async function openPairs(config: TrainConfig, { language }: Reader, sizes: BatchSizes): Promise<RunData> {
  const { data, sequenceLength, microBatch, seed } = config;
  const { examples, cut } = await readPairs(data, language, sequenceLength);
  const folder = dataOf(config);
  const hash = await list(
    folder,
    examples.map(({ source, prompt, chosen, rejected }) => {
      const ids = [prompt, chosen, rejected];
      return { source, ids, size: ids.reduce((sum, part) => sum + part.length, 0) };
    }),
  );
  return {
    count: examples.length,
    cut,
    hash,
    folder,
    evaluation: [],
    pairs: Array.from({ length: Math.ceil(examples.length / microBatch) }, (_, i) =>
      examples.slice(i * microBatch, (i + 1) * microBatch),
    ),
    source: (reference) => pairs(examples, reference, sizes, { seed, hash }),
    async close() {},
  };
}

async function openPrompts(
  config: TrainConfig,
  { language }: Reader,
  { sizes, judge }: { sizes: BatchSizes; judge?: Judge },
): Promise<RunData> {
  const { data, sequenceLength, groupSize, updates, seed } = config;
  const longest = sequenceLength - answerTokensOf(config);
  const promptOf = (row: Readonly<Record<string, unknown>>) => judge?.prompt?.(row) ?? row.prompt;
  const { examples, cut } = await readPrompts(data, language, { longest, promptOf });
  const folder = dataOf(config);
  const hash = await list(
    folder,
    examples.map(({ source, prompt }) => ({ source, ids: [prompt], size: prompt.length })),
  );
  const settings = { sizes: { ...sizes, groupSize }, order: { seed, hash }, updates };
  return {
    count: examples.length,
    cut,
    hash,
    folder,
    evaluation: [],
    pairs: [],
    source(_, drawing) {
      if (!drawing) throw new BaimoError("request", "what a step learns is drawn by the model; run it");
      return groups(examples, drawing.draw, { ...settings, kept: drawing.kept });
    },
    async close() {},
  };
}

/** Writes the list of examples. Returns its hash. */
async function list(
  folder: string,
  examples: readonly { source: string; ids: readonly ArrayLike<number>[]; size: number }[],
): Promise<string> {
  if (examples.length === 0) throw new BaimoError("request", "the data has nothing to learn from");
  clearPackedFolder(folder);
  return writeExampleList(
    folder,
    examples.map(({ source, ids, size }) => ({ id: source, tokens: size, hash: hashOf(ids) })),
  );
}

/** A number that changes with lists of ids and their order. */
function hashOf(lists: readonly ArrayLike<number>[]): number {
  let hash = lists.length;
  for (const ids of lists) {
    hash = Math.imul(hash, 31) + ids.length;
    for (let i = 0; i < ids.length; i++) hash = (Math.imul(hash, 31) + ids[i]) | 0;
  }
  return hash | 0;
}
