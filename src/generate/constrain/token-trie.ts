// The vocabulary as a trie of the tokens' bytes, in arrays.

/** What a constraint must know of a vocabulary. */
export interface ConstraintVocabulary {
  /** How many ids there are. */
  readonly size: number;
  /**
   * The bytes of a token; empty for ids that stand for no text: special tokens, ids without a token. A special token that
   * is part of a format's marks has those of half a surrogate pair (`bytesOf`), which no text but a `choice` can hold.
   */
  tokenBytes(id: number): Uint8Array;
  /** The ids that end an answer. */
  readonly endTokens: readonly number[];
  /** Its trie, where that has been built before. */
  readonly trie?: TrieArrays;
}

/** The bytes of a text as UTF-8; half of a surrogate pair has three bytes of its own (WTF-8). */
export function bytesOf(text: string): Uint8Array {
  if (!/\p{Surrogate}/u.test(text)) return new TextEncoder().encode(text);
  return Uint8Array.from(
    [...text].flatMap((char) => {
      const code = char.codePointAt(0)!;
      return code >= 0xd800 && code <= 0xdfff
        ? [0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
        : [...new TextEncoder().encode(char)];
    }),
  );
}

/** Nodes in the order of their bytes, those above before those below; node 0 is the root. */
export interface TrieArrays {
  /** The byte that leads to a node. */
  readonly bytes: Uint8Array;
  /** How many bytes lead to it from the root. */
  readonly depths: Uint16Array;
  /** How many bytes the longest token below it goes on for. */
  readonly below: Uint16Array;
  /** The first node after those below it. */
  readonly ends: Int32Array;
  /** Where its tokens begin in `tokens`; they end where the next node's begin. */
  readonly firstTokens: Int32Array;
  /** The node below the root for each byte; 0 for none. */
  readonly roots: Int32Array;
  /** Ids in the order of their bytes. */
  readonly tokens: Int32Array;
}

/** A trie and whose it is. */
export interface TokenTrie extends TrieArrays {
  readonly vocabulary: ConstraintVocabulary;
}

/** Longer tokens are never offered. */
const MAX_TOKEN_BYTES = 1024;

export function openTokenTrie(vocabulary: ConstraintVocabulary): TokenTrie {
  const { bytes, depths, below, ends, firstTokens, roots, tokens } =
    vocabulary.trie ?? buildTokenTrie(vocabulary);
  return { vocabulary, bytes, depths, below, ends, firstTokens, roots, tokens };
}

export function buildTokenTrie(vocabulary: ConstraintVocabulary): TrieArrays {
  const ending = new Set(vocabulary.endTokens);
  const ids: number[] = [];
  const spelled: Uint8Array[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    spelled[id] = ending.has(id) ? none : vocabulary.tokenBytes(id);
    if (spelled[id].length > 0 && spelled[id].length <= MAX_TOKEN_BYTES) ids.push(id);
  }
  // The first six bytes as a number decide nearly all comparisons.
  const heads = Float64Array.from(spelled, (bytes) => {
    let head = 0;
    for (let i = 0; i < 6; i++) head = head * 256 + (bytes[i] ?? 0);
    return head;
  });
  ids.sort((a, b) => heads[a] - heads[b] || compareBytes(spelled[a], spelled[b]) || a - b);
  const tokens = Int32Array.from(ids);
  const shared = tokens.map((id, i) => (i === 0 ? 0 : sharedLength(spelled[tokens[i - 1]], spelled[id])));

  const count = 1 + tokens.reduce((sum, id, i) => sum + spelled[id].length - shared[i], 0);
  const bytes = new Uint8Array(count);
  const depths = new Uint16Array(count);
  const below = new Uint16Array(count);
  const ends = new Int32Array(count);
  const firstTokens = new Int32Array(count + 1);
  const roots = new Int32Array(256);
  const path = [0];
  let next = 1;
  const close = (depth: number) => {
    while (path.length > depth) {
      const node = path.pop()!;
      ends[node] = next;
      const above = path[path.length - 1];
      if (above !== undefined) below[above] = Math.max(below[above], below[node] + 1);
    }
  };
  for (const [i, id] of tokens.entries()) {
    close(shared[i] + 1);
    for (let depth = shared[i]; depth < spelled[id].length; depth++) {
      bytes[next] = spelled[id][depth];
      depths[next] = depth + 1;
      firstTokens[next] = i;
      if (depth === 0) roots[bytes[next]] = next;
      path.push(next++);
    }
  }
  close(0);
  firstTokens[count] = tokens.length;
  return { bytes, depths, below, ends, firstTokens, roots, tokens };
}

const none = new Uint8Array();

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = sharedLength(a, b);
  return (a[length] ?? -1) - (b[length] ?? -1);
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
