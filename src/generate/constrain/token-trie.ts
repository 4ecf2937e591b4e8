// The vocabulary as a trie of the tokens' bytes, in arrays; and which tokens are plain text.

/** What a constraint must know of a vocabulary. */
export interface ConstraintVocabulary {
  /** How many ids there are. */
  readonly size: number;
  /** The bytes of a token; empty for ids that stand for no text: special tokens, ids without a token. */
  tokenBytes(id: number): Uint8Array;
  /** The ids that end an answer. */
  readonly endTokens: readonly number[];
}

/** Nodes in the order of their bytes, parents before children; node 0 is the root. */
export interface Trie {
  /** The byte that leads to a node. */
  readonly bytes: Uint8Array;
  /** How many bytes lead to it. */
  readonly depths: Uint16Array;
  /** The first node after those below it. */
  readonly ends: Int32Array;
  /** Where its tokens begin in `tokens`; they end where the next node's begin. */
  readonly firstTokens: Int32Array;
  readonly tokens: Int32Array;
  readonly maxDepth: number;
}

/** A vocabulary made ready for masks. */
export class TokenTrie {
  readonly size: number;
  readonly endTokens: readonly number[];
  /** All tokens with bytes. */
  readonly all: Trie;
  /** The tokens that are not plain: with a quote, a backslash, a control character, or a part of a character. */
  readonly irregular: Trie;
  /** For each number of characters the plain tokens of at most so many, as bits. */
  readonly plain: readonly Uint32Array[];
  #vocabulary: ConstraintVocabulary;

  constructor(vocabulary: ConstraintVocabulary) {
    this.size = vocabulary.size;
    this.endTokens = vocabulary.endTokens;
    this.#vocabulary = vocabulary;
    const ends = new Set(vocabulary.endTokens);
    const keys: string[] = [];
    const irregular: string[] = [];
    const byLength: number[][] = [[]];
    const idsOf = new Map<string, number[]>();
    for (let id = 0; id < vocabulary.size; id++) {
      if (ends.has(id)) continue;
      const bytes = vocabulary.tokenBytes(id);
      if (bytes.length === 0 || bytes.length > MAX_TOKEN_BYTES) continue;
      const key = String.fromCharCode(...bytes);
      const same = idsOf.get(key);
      const length = plainLength(bytes);
      if (length > 0) {
        while (byLength.length <= length) byLength.push([]);
        byLength[length].push(id);
      }
      if (same) same.push(id);
      else {
        idsOf.set(key, [id]);
        keys.push(key);
        if (length === 0) irregular.push(key);
      }
    }
    this.all = buildTrie(keys.sort(), idsOf);
    this.irregular = buildTrie(irregular.sort(), idsOf);
    let bits = new Uint32Array(Math.ceil(this.size / 32));
    this.plain = byLength.map((ids) => {
      bits = bits.slice();
      for (const id of ids) bits[id >> 5] |= 1 << (id & 31);
      return bits;
    });
  }

  tokenBytes(id: number): Uint8Array {
    return this.#vocabulary.tokenBytes(id);
  }
}

/** Longer tokens are never offered. */
const MAX_TOKEN_BYTES = 1024;

/** The characters of a token that is whole characters without quote, backslash and control characters; else 0. */
function plainLength(bytes: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < bytes.length; length++) {
    const byte = bytes[i];
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return 0;
    if (byte < 0x80) {
      i++;
      continue;
    }
    const count = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
    if (count === 0 || i + count > bytes.length) return 0;
    let code = byte & (0x7f >> count);
    for (let j = 1; j < count; j++) {
      if (bytes[i + j] >> 6 !== 2) return 0;
      code = (code << 6) | (bytes[i + j] & 0x3f);
    }
    const least = count === 2 ? 0x80 : count === 3 ? 0x800 : 0x10000;
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
    i += count;
  }
  return length;
}

function buildTrie(keys: readonly string[], idsOf: ReadonlyMap<string, number[]>): Trie {
  let count = 1;
  let before = "";
  for (const key of keys) {
    count += key.length - sharedLength(before, key);
    before = key;
  }
  const bytes = new Uint8Array(count);
  const depths = new Uint16Array(count);
  const ends = new Int32Array(count);
  const firstTokens = new Int32Array(count + 1);
  const tokens: number[] = [];
  const path = [0];
  let next = 1;
  let maxDepth = 0;
  before = "";
  const close = (depth: number) => {
    while (path.length > depth) ends[path.pop()!] = next;
  };
  for (const key of keys) {
    const shared = sharedLength(before, key);
    close(shared + 1);
    for (let i = shared; i < key.length; i++) {
      bytes[next] = key.charCodeAt(i);
      depths[next] = i + 1;
      firstTokens[next] = tokens.length;
      path.push(next++);
    }
    tokens.push(...idsOf.get(key)!);
    maxDepth = Math.max(maxDepth, key.length);
    before = key;
  }
  close(0);
  firstTokens[count] = tokens.length;
  return { bytes, depths, ends, firstTokens, tokens: Int32Array.from(tokens), maxDepth };
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
