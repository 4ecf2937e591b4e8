// What a run learns from in an order: packed sequences, or examples by themselves, with their documents.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { numberOf, parseJson, recordOf } from "../../json.ts";
import { readLines } from "../documents/read-lines.ts";
import { createHashedFile } from "./hashed-file.ts";
import { EXAMPLES_FORMAT, type ExamplesManifest, listsExamples, readExamplesManifest } from "./manifest.ts";
import { openPackedCorpus } from "./packed-corpus.ts";
import { DOCUMENTS_FILE, MANIFEST_FILE } from "./packed-folder.ts";

/** A document in a sequence: how many of its tokens are there. */
export interface SequenceDocument {
  readonly id: string;
  readonly tokens: number;
}

/** Sequences that come in an order. */
export interface Sequences {
  /** Of the manifest, which has the hashes of all other files. */
  readonly hash: string;
  readonly count: number;
  /** The documents of each of these. */
  documentsOf(sequences: readonly number[]): Promise<SequenceDocument[][]>;
  close(): Promise<void>;
}

/** Opens a folder that was packed, or the `data` of a run. @throws {BaimoError} `request` where it is none, `format` */
export async function openSequences(folder: string): Promise<Sequences> {
  if (await listsExamples(folder)) return openExamples(folder);
  const corpus = await openPackedCorpus(folder);
  return {
    hash: corpus.hash,
    count: corpus.manifest.sequences,
    async documentsOf(sequences) {
      const rows = sequences.map((sequence) => corpus.piecesOf(sequence));
      const names = await corpus.namesOf(rows.flatMap((pieces) => pieces.map(({ document }) => document)));
      return rows.map((pieces) =>
        pieces.map(({ document, length }) => ({ id: names.get(document) ?? "", tokens: length })),
      );
    },
    close: () => corpus.close(),
  };
}

async function openExamples(folder: string): Promise<Sequences> {
  const { manifest, hash } = await readExamplesManifest(folder);
  return {
    hash,
    count: manifest.examples,
    async documentsOf(sequences) {
      const found = new Map<number, SequenceDocument>();
      const wanted = new Set(sequences);
      const path = join(folder, manifest.documentList.file);
      let number = 0;
      for await (const line of readLines(path)) {
        if (wanted.has(number)) {
          const where = `${path}, line ${number + 1}`;
          const { id, tokens } = recordOf(parseJson(line, where), where);
          found.set(number, { id: String(id), tokens: numberOf(tokens, where) });
        }
        number++;
      }
      return sequences.map((sequence) => {
        const document = found.get(sequence);
        if (!document)
          throw new BaimoError("format", `${path}: has ${number} lines, and none for example ${sequence}`);
        return [document];
      });
    },
    async close() {},
  };
}

/** Writes the list of examples and its manifest into a new folder. Returns the manifest's hash. */
export async function writeExampleList(
  folder: string,
  examples: Iterable<SequenceDocument & { readonly hash: number }>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const list = await createHashedFile(folder, DOCUMENTS_FILE);
  let count = 0;
  try {
    for (const { id, tokens, hash } of examples) {
      await list.write(Buffer.from(`${JSON.stringify({ id, tokens, hash })}\n`));
      count++;
    }
    const manifest: ExamplesManifest = {
      format: EXAMPLES_FORMAT,
      examples: count,
      documentList: await list.finish(),
    };
    await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  } finally {
    await list.close();
  }
  return (await readExamplesManifest(folder)).hash;
}
