// openPackedCorpus: sequences of a packed corpus as tokens, documents, positions and labels.
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { parseJson, recordOf } from "../../json.ts";
import { readLines } from "../documents/read-lines.ts";
import { type Manifest, readManifest } from "./manifest.ts";

/** A sequence to learn from; all of `sequenceLength`. */
export interface PackedSequence {
  /** Behind the last piece, the separator. */
  readonly tokens: Int32Array;
  /** The number of the piece within the sequence; -1 behind the last. Attention stays within a piece. */
  readonly documents: Int32Array;
  /** From 0 in every piece. */
  readonly positions: Int32Array;
  /** The token that follows, within the same piece; else -100. */
  readonly labels: Int32Array;
}

/** A piece of a document, with the document's number. */
export interface PackedPiece {
  readonly shard: number;
  readonly start: number;
  readonly length: number;
  readonly document: number;
}

/** A folder that `packCorpus` wrote. */
export interface PackedCorpus {
  readonly manifest: Manifest;
  /** Of manifest.json, which has the hashes of all the other files. */
  readonly hash: string;
  piecesOf(sequence: number): readonly PackedPiece[];
  readSequence(sequence: number): Promise<PackedSequence>;
  /** The names of these documents, by number. */
  namesOf(documents: Iterable<number>): Promise<Map<number, string>>;
  close(): Promise<void>;
}

const FIELDS = 4; // of a piece

/**
 * Opens the folder; lists are in memory (20 bytes a piece at most), tokens stay in the files.
 * @throws {BaimoError} `request` where it is none, `format` where a file is not what the manifest says
 */
export async function openPackedCorpus(folder: string): Promise<PackedCorpus> {
  const { manifest, hash } = await readManifest(folder);
  const { pieces, sequences, sequenceLength, shards, dtype } = manifest;
  const list = await readList(folder, manifest.pieceList.file, pieces * FIELDS);
  const firsts = await readList(folder, manifest.sequenceList.file, sequences + 1);
  checkLists(folder, manifest, list, firsts);
  const width = dtype === "uint16" ? 2 : 4;
  /** Opened once, whoever reads at the same time. */
  const handles: (Promise<FileHandle> | undefined)[] = shards.map(() => undefined);

  const piecesOf = (sequence: number): PackedPiece[] => {
    if (!(Number.isInteger(sequence) && sequence >= 0 && sequence < sequences))
      throw new BaimoError("request", `${folder}: has ${sequences} sequences, from 0; none is ${sequence}`);
    return Array.from({ length: firsts[sequence + 1] - firsts[sequence] }, (_, i) => {
      const at = (firsts[sequence] + i) * FIELDS;
      return { shard: list[at], start: list[at + 1], length: list[at + 2], document: list[at + 3] };
    });
  };

  const readPiece = async ({ shard, start, length }: PackedPiece): Promise<Uint16Array | Uint32Array> => {
    const handle = await (handles[shard] ??= open(join(folder, shards[shard].file)));
    const values = width === 2 ? new Uint16Array(length) : new Uint32Array(length);
    const { bytesRead } = await handle.read(new Uint8Array(values.buffer), 0, length * width, start * width);
    if (bytesRead < length * width)
      throw new BaimoError(
        "format",
        `${join(folder, shards[shard].file)}: is shorter than the manifest says`,
      );
    return values;
  };

  return {
    manifest,
    hash,
    piecesOf,
    async readSequence(sequence) {
      const tokens = new Int32Array(sequenceLength).fill(manifest.separator);
      const documents = new Int32Array(sequenceLength).fill(-1);
      const positions = new Int32Array(sequenceLength);
      const labels = new Int32Array(sequenceLength).fill(-100);
      let at = 0;
      for (const [number, piece] of piecesOf(sequence).entries()) {
        const values = await readPiece(piece);
        tokens.set(values, at);
        documents.fill(number, at, at + piece.length);
        for (let i = 0; i < piece.length; i++) positions[at + i] = i;
        labels.set(values.subarray(1), at);
        at += piece.length;
      }
      return { tokens, documents, positions, labels };
    },
    async namesOf(numbers) {
      const wanted = new Set(numbers);
      const names = new Map<number, string>();
      let number = 0;
      const path = join(folder, manifest.documentList.file);
      for await (const line of readLines(path)) {
        if (wanted.has(number)) {
          const where = `${path}, line ${number + 1}`;
          names.set(number, String(recordOf(parseJson(line, where), where).id));
        }
        number++;
        if (names.size === wanted.size) break;
      }
      return names;
    },
    async close() {
      await Promise.all(handles.map(async (handle) => (await handle)?.close()));
    },
  };
}

async function readList(folder: string, name: string, length: number): Promise<Uint32Array> {
  const path = join(folder, name);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: cannot be read`, { cause });
  });
  if (bytes.length !== length * 4)
    throw new BaimoError(
      "format",
      `${path}: has ${bytes.length} bytes; by the manifest it has ${length * 4}`,
    );
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Every piece lies in its shard, every sequence holds its pieces. */
function checkLists(
  folder: string,
  { shards, documents, sequences, pieces, sequenceLength }: Manifest,
  list: Uint32Array,
  firsts: Uint32Array,
): void {
  const fail = (what: string) => new BaimoError("format", `${folder}: ${what}; pack the corpus again`);
  if (firsts[0] !== 0 || firsts[sequences] !== pieces) throw fail("the sequences do not hold all pieces");
  for (let sequence = 0; sequence < sequences; sequence++) {
    let length = 0;
    if (firsts[sequence + 1] <= firsts[sequence]) throw fail(`sequence ${sequence} has no piece`);
    for (let piece = firsts[sequence]; piece < firsts[sequence + 1]; piece++) {
      const [shard, start, tokens, document] = list.subarray(piece * FIELDS, (piece + 1) * FIELDS);
      if (!(shard < shards.length && start + tokens <= shards[shard].tokens && document < documents))
        throw fail(`piece ${piece} lies outside of its shard`);
      length += tokens;
    }
    if (length > sequenceLength) throw fail(`sequence ${sequence} has ${length} tokens`);
  }
}
