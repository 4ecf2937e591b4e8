// Best fit: pieces of documents go where they leave the least room (arXiv 2404.10830).

/** Part of a document, to be read as a text of its own. */
export interface Piece {
  /** The document's number. */
  readonly document: number;
  /** Its first token there. */
  readonly start: number;
  readonly length: number;
}

/** Cuts a document into pieces that a sequence can hold. */
export function* cutDocument(
  document: number,
  tokens: number,
  sequenceLength: number,
): Generator<Piece, void> {
  for (let start = 0; start < tokens; start += sequenceLength)
    yield { document, start, length: Math.min(sequenceLength, tokens - start) };
}

/**
 * Packs pieces into as few sequences as best fit decreasing finds; none is cut. The longest come first, equal ones in
 * their order, and each goes to the sequence with the least room that holds it, of equal ones the one that had a piece last.
 */
export function packBestFit(pieces: readonly Piece[], sequenceLength: number): Piece[][] {
  const sequences: Piece[][] = [];
  const byRoom: number[][] = Array.from({ length: sequenceLength + 1 }, () => []);
  const rooms = createRooms(sequenceLength);
  const order = pieces.toSorted((a, b) => b.length - a.length); // stable
  for (const piece of order) {
    const room = rooms.leastFrom(piece.length);
    const waiting = byRoom[room ?? 0];
    const sequence = room === undefined ? sequences.push([]) - 1 : waiting.pop()!; // rooms counts them
    if (room !== undefined && waiting.length === 0) rooms.set(room, false);
    sequences[sequence].push(piece);
    const left = (room ?? sequenceLength) - piece.length;
    if (left === 0) continue;
    byRoom[left].push(sequence);
    rooms.set(left, true);
  }
  return sequences;
}

/** The set of rooms that some sequence has, as a tree of bits. */
function createRooms(most: number) {
  let leaves = 1;
  while (leaves <= most) leaves *= 2;
  const tree = new Uint8Array(2 * leaves);
  return {
    set(room: number, has: boolean): void {
      let at = leaves + room;
      tree[at] = Number(has);
      for (at >>= 1; at >= 1; at >>= 1) tree[at] = tree[2 * at] | tree[2 * at + 1];
    },
    /** The least room of at least so many. */
    leastFrom(length: number): number | undefined {
      let at = leaves + length;
      if (tree[at] === 1) return length;
      // Up until a right neighbour has some, then down to its first.
      while (at > 1 && !(at % 2 === 0 && tree[at + 1] === 1)) at >>= 1;
      if (at <= 1) return undefined;
      at++;
      while (at < leaves) at = tree[2 * at] === 1 ? 2 * at : 2 * at + 1;
      return at - leaves;
    },
  };
}
