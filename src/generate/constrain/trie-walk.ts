// Walks the token trie with an automaton, and gathers the tokens that are met.
import type { Automaton, State } from "./automaton.ts";
import type { TokenTrie } from "./token-trie.ts";

/** Visits the nodes below `from` whose bytes can be read from a state; not those below one that is answered with true. */
export function walkTrie(
  automaton: Automaton,
  trie: TokenTrie,
  start: State,
  from: number,
  visit: (node: number, state: State) => boolean | undefined,
): void {
  const { bytes, depths, ends, roots } = trie;
  const base = depths[from] + 1;
  const path: State[] = [start];
  const walk = (first: number, end: number) => {
    for (let node = first; node < end; ) {
      const depth = depths[node] - base;
      const above = path[depth];
      const byte = bytes[node];
      const known = above.next[byte];
      const state = known === undefined ? automaton.step(above, byte) : known;
      if (state === null) {
        node = ends[node];
        continue;
      }
      path[depth + 1] = state;
      node = visit(node, state) === true ? ends[node] : node + 1;
    }
  };
  if (from > 0 || !start.firstBytes) return walk(from + 1, ends[from]);
  for (const byte of start.firstBytes) if (roots[byte] > 0) walk(roots[byte], ends[roots[byte]]);
}

/** Sets the bits of some ids. */
export function setBits(bits: Uint32Array, tokens: ArrayLike<number>): void {
  for (let i = 0; i < tokens.length; i++) bits[tokens[i] >> 5] |= 1 << (tokens[i] & 31);
}

/** The tokens of one node of a trie. */
export function addTokens({ firstTokens, tokens }: TokenTrie, node: number, found: number[]): undefined {
  const end = firstTokens[node + 1];
  for (let i = firstTokens[node]; i < end; i++) found.push(tokens[i]);
}
