// The vocabulary as a trie of the tokens' bytes, in arrays.

/** What a constraint must know of a vocabulary. */
export interface ConstraintVocabulary {
  /** How many ids there are. */
  readonly size: number;
  /** The bytes of a token; empty for ids that stand for no text: special tokens, ids without a token. */
  tokenBytes(id: number): Uint8Array;
  /** The ids that end an answer. */
  readonly endTokens: readonly number[];
}

/** Nodes in the order of their bytes, those above before those below; node 0 is the root. */
export interface TokenTrie {
  readonly vocabulary: ConstraintVocabulary;
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
  /** Ids in the order of their bytes. */
  readonly tokens: Int32Array;
}

/** Longer tokens are never offered. */
const MAX_TOKEN_BYTES = 1024;

export function buildTokenTrie(vocabulary: ConstraintVocabulary): TokenTrie {
  const { size, endTokens } = vocabulary;
  const keys: { key: string; id: number }[] = [];
  for (let id = 0; id < size; id++) {
    const bytes = endTokens.includes(id) ? undefined : vocabulary.tokenBytes(id);
    if (!bytes || bytes.length === 0 || bytes.length > MAX_TOKEN_BYTES) continue;
    let key = "";
    for (const byte of bytes) key += String.fromCharCode(byte);
    keys.push({ key, id });
  }
  keys.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));

  const count =
    1 + keys.reduce((sum, { key }, i) => sum + key.length - sharedLength(keys[i - 1]?.key ?? "", key), 0);
  const bytes = new Uint8Array(count);
  const depths = new Uint16Array(count);
  const below = new Uint16Array(count);
  const ends = new Int32Array(count);
  const firstTokens = new Int32Array(count + 1);
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
  for (const [i, { key }] of keys.entries()) {
    const shared = sharedLength(keys[i - 1]?.key ?? "", key);
    close(shared + 1);
    for (let depth = shared; depth < key.length; depth++) {
      bytes[next] = key.charCodeAt(depth);
      depths[next] = depth + 1;
      firstTokens[next] = i;
      path.push(next++);
    }
  }
  close(0);
  firstTokens[count] = keys.length;
  const tokens = Int32Array.from(keys, ({ id }) => id);
  return { vocabulary, bytes, depths, below, ends, firstTokens, tokens };
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
