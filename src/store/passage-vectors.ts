// Vectors of passages: what a model made of somebody's files, kept so that it is done once.
import { fromBase64, toBase64 } from "../base64.ts";
import type { Database, Statement } from "./database.ts";

/** The vectors of one person's file by one model. */
export interface VectorsOf {
  readonly owner: number;
  readonly model: string;
  /** The hash of the file's passages. */
  readonly file: string;
}

/** Directions alone are kept, a byte each dimension: angles between them are what is asked for. */
export class PassageVectors {
  readonly #list: Statement;
  readonly #count: Statement;
  readonly #add: Statement;
  readonly #used: Statement;
  readonly #purge: Statement;

  constructor(database: Database) {
    const these = "owner = ? AND model = ? AND file = ?";
    this.#list = database.prepare(`SELECT vector FROM passage_vectors WHERE ${these} ORDER BY at`);
    this.#count = database.prepare(`SELECT count(*) AS count FROM passage_vectors WHERE ${these}`);
    this.#add = database.prepare(
      "INSERT OR REPLACE INTO passage_vectors (owner, model, file, at, vector, used) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#used = database.prepare(`UPDATE passage_vectors SET used = ? WHERE ${these}`);
    this.#purge = database.prepare("DELETE FROM passage_vectors WHERE used < ?");
  }

  /** Those that there are, from the file's first passage on. */
  list({ owner, model, file }: VectorsOf): Int8Array[] {
    return this.#list.all<{ vector: string }>(owner, model, file).map(({ vector }) => fromText(vector));
  }

  /** How many there are. */
  count({ owner, model, file }: VectorsOf): number {
    return this.#count.all<{ count: number }>(owner, model, file)[0].count;
  }

  /** Adds vectors from the passage at `from` on. */
  add({ owner, model, file }: VectorsOf, from: number, vectors: readonly Float32Array[]): void {
    const now = Date.now();
    for (const [i, vector] of vectors.entries())
      this.#add.run(owner, model, file, from + i, toText(toBytes(vector)), now);
  }

  /** Says that they are in use. */
  use({ owner, model, file }: VectorsOf): void {
    this.#used.run(Date.now(), owner, model, file);
  }

  /** Forgets those that nobody has asked for since. */
  purge(before: number): void {
    this.#purge.run(before);
  }
}

/** A vector with its largest number as 127. */
export function toBytes(vector: Float32Array): Int8Array {
  const most = vector.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return Int8Array.from(vector, (x) => (most > 0 ? Math.round((x / most) * 127) : 0));
}

/** The cosine of the angle between two vectors; 0 where one has no direction, or another length. */
export function cosine(a: Int8Array, b: Int8Array): number {
  if (a.length !== b.length) return 0;
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    ofA += a[i] * a[i];
    ofB += b[i] * b[i];
  }
  return ofA > 0 && ofB > 0 ? product / Math.sqrt(ofA * ofB) : 0;
}

const toText = (bytes: Int8Array) => toBase64(new Uint8Array(bytes.buffer));
const fromText = (text: string) => new Int8Array(fromBase64(text).buffer);
