// Groups of documents that are joined pair by pair, each known by its first document.

/** Groups of the numbers below a count. */
export interface Groups {
  /** The lowest number of the group that this one is in. */
  firstOf(number: number): number;
  join(a: number, b: number): void;
}

/** Every number is a group by itself at first (union-find). */
export function createGroups(count: number): Groups {
  const parents = Uint32Array.from({ length: count }, (_, i) => i);
  const firstOf = (number: number): number => {
    let at = number;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]];
      at = parents[at];
    }
    return at;
  };
  return {
    firstOf,
    join(a, b) {
      const [x, y] = [firstOf(a), firstOf(b)];
      if (x < y) parents[y] = x;
      else parents[x] = y;
    },
  };
}
