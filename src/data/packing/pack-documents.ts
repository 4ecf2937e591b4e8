// packDocuments: tokens of documents in shards, and the sequences that their pieces are packed into.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { cutDocument, type Piece, packBestFit } from "./best-fit.ts";
import { createHashedFile, type HashedWriter } from "./hashed-file.ts";
import { type Manifest, PACKED_FORMAT } from "./manifest.ts";
import { DOCUMENTS_FILE, MANIFEST_FILE, PIECES_FILE, SEQUENCES_FILE, shardFile } from "./packed-folder.ts";

/** A document with its tokens, the one that ends it included. */
export interface TokenDocument {
  readonly id: string;
  readonly tokens: readonly number[];
}

/** What makes sequences of documents. */
export interface PackDocumentsOptions {
  /** A new or empty folder. */
  readonly output: string;
  readonly sequenceLength: number;
  readonly vocabSize: number;
  /** The token that ends each document. */
  readonly separator: number;
  /** The tokenizer's file, and its hash. */
  readonly tokenizer: Manifest["tokenizer"];
  /** Most tokens of a shard. Default 2^27. */
  readonly shardTokens?: number;
  readonly onProgress?: (counts: { documents: number; tokens: number }) => void;
}

/** Pieces that are packed together; more would take more memory. */
const PIECES_AT_ONCE = 1 << 20;

/** Most tokens of a shard. */
export const SHARD_TOKENS = 1 << 27;

/**
 * Writes shards of tokens (uint16 where the vocabulary allows, else uint32), the list of documents, the pieces and
 * sequences, and last the manifest, without which the folder is not whole.
 * @throws {BaimoError} `request` where there is no document, or the folder is not empty
 */
export async function packDocuments(
  given: AsyncIterable<TokenDocument>,
  options: PackDocumentsOptions,
): Promise<Manifest> {
  const { output, sequenceLength, vocabSize, separator, tokenizer, shardTokens = SHARD_TOKENS } = options;
  await makeFolder(output);
  const dtype = vocabSize <= 0x10000 ? "uint16" : "uint32";
  const shards = createShards(output, dtype, shardTokens);
  const documentList = await createHashedFile(output, DOCUMENTS_FILE);
  const pieceList = await createHashedFile(output, PIECES_FILE);
  const sequenceList = await createHashedFile(output, SEQUENCES_FILE);
  const packed = createPackedLists(pieceList, sequenceList, sequenceLength);
  let documents = 0;
  try {
    for await (const { id, tokens } of given) {
      const place = await shards.write(tokens);
      const row = { id, shard: place.shard, start: place.start, tokens: tokens.length };
      await documentList.write(Buffer.from(`${JSON.stringify(row)}\n`));
      await packed.add(documents++, tokens.length, place);
      if (documents % 1024 === 0) options.onProgress?.({ documents, tokens: shards.tokens });
    }
    if (documents === 0) throw new BaimoError("request", "the data has no document to pack");
    const { sequences, pieces } = await packed.finish();
    const manifest: Manifest = {
      format: PACKED_FORMAT,
      dtype,
      vocabSize,
      separator,
      tokenizer,
      sequenceLength,
      documents,
      tokens: shards.tokens,
      sequences,
      pieces,
      shards: await shards.finish(),
      documentList: await documentList.finish(),
      pieceList: await pieceList.finish(),
      sequenceList: await sequenceList.finish(),
    };
    await writeFile(join(output, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } finally {
    await Promise.all([shards, documentList, pieceList, sequenceList].map((file) => file.close()));
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new BaimoError("request", `${folder}: cannot be made`, { cause });
  });
  if ((await readdir(folder)).length > 0)
    throw new BaimoError("request", `${folder}: is not empty; name a new folder`);
}

/** Where a document's tokens lie. */
interface Place {
  readonly shard: number;
  readonly start: number;
}

/** The shards, one open at a time; a document is within one. */
function createShards(folder: string, dtype: "uint16" | "uint32", shardTokens: number) {
  const done: Manifest["shards"] = [];
  let shard: HashedWriter | undefined;
  let inShard = 0;
  let tokens = 0;
  const finish = async () => {
    if (shard) done.push({ ...(await shard.finish()), tokens: inShard });
    shard = undefined;
    inShard = 0;
  };
  return {
    get tokens() {
      return tokens;
    },
    async write(ids: readonly number[]): Promise<Place> {
      if (shard && inShard + ids.length > shardTokens) await finish();
      shard ??= await createHashedFile(folder, shardFile(done.length));
      const place = { shard: done.length, start: inShard };
      await shard.write(littleEndian(dtype === "uint16" ? Uint16Array.from(ids) : Uint32Array.from(ids)));
      inShard += ids.length;
      tokens += ids.length;
      return place;
    },
    async finish() {
      await finish();
      return done;
    },
    close: async () => shard?.close(),
  };
}

/** Packs pieces as they come, so many at once, and writes the lists. */
function createPackedLists(pieceList: HashedWriter, sequenceList: HashedWriter, sequenceLength: number) {
  let waiting: Piece[] = [];
  let places = new Map<number, Place>();
  let [sequences, pieces] = [0, 0];
  const flush = async () => {
    for (const sequence of packBestFit(waiting, sequenceLength)) {
      await sequenceList.write(littleEndian(Uint32Array.of(pieces)));
      sequences++;
      pieces += sequence.length;
      const rows = sequence.flatMap(({ document, start, length }) => {
        const place = places.get(document)!; // noted when its pieces were added
        return [place.shard, place.start + start, length, document];
      });
      await pieceList.write(littleEndian(Uint32Array.from(rows)));
    }
    waiting = [];
    places = new Map();
  };
  return {
    async add(document: number, tokens: number, place: Place): Promise<void> {
      places.set(document, place);
      for (const piece of cutDocument(document, tokens, sequenceLength)) waiting.push(piece);
      if (waiting.length >= PIECES_AT_ONCE) await flush();
    },
    async finish() {
      await flush();
      await sequenceList.write(littleEndian(Uint32Array.of(pieces)));
      return { sequences, pieces };
    },
  };
}

/** The bytes of numbers; every machine that runs this writes them with the lowest first. */
const littleEndian = (values: Uint16Array | Uint32Array): Uint8Array => new Uint8Array(values.buffer);
