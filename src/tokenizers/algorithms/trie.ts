// A trie over UTF-16 code units in flat arrays, for longest-prefix and all-prefix searches.

/** A set of strings with a value each, walked one code unit at a time from node 0. */
export interface Trie {
  /** The child of `node` by the code unit, or -1. */
  step(node: number, unit: number): number;
  /** The value stored at a node, or -1. */
  valueAt(node: number): number;
  /** Adds a string, or changes its value. An empty string is not added. */
  add(text: string, value: number): void;
}

/** Makes an empty trie. Children sit in one open-addressing hash table keyed by node and code unit. */
export function createTrie(): Trie {
  let slots = new Int32Array(1 << 10); // the child that sits there, or 0 (no node has the root as child)
  let parents = new Int32Array(1 << 9);
  let units = new Int32Array(1 << 9);
  let values = new Int32Array(1 << 9).fill(-1);
  let count = 1;

  const hash = (node: number, unit: number) => {
    const h = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
    return h ^ (h >>> 15);
  };
  const place = (child: number) => {
    const mask = slots.length - 1;
    let at = hash(parents[child], units[child]) & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = child;
  };
  const step = (node: number, unit: number): number => {
    const mask = slots.length - 1;
    for (let at = hash(node, unit) & mask; ; at = (at + 1) & mask) {
      const child = slots[at];
      if (child === 0) return -1;
      if (parents[child] === node && units[child] === unit) return child;
    }
  };

  return {
    step,
    valueAt: (node) => values[node],
    add(text, value) {
      if (text === "") return;
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        let child = step(node, unit);
        if (child < 0) {
          if (count === parents.length) {
            parents = grown(parents);
            units = grown(units);
            const old = values.length;
            values = grown(values);
            values.fill(-1, old);
            slots = new Int32Array(slots.length * 2);
            for (let c = 1; c < count; c++) place(c);
          }
          child = count++;
          parents[child] = node;
          units[child] = unit;
          place(child);
        }
        node = child;
      }
      values[node] = value;
    },
  };
}

function grown(old: Int32Array): Int32Array<ArrayBuffer> {
  const bigger = new Int32Array(old.length * 2);
  bigger.set(old);
  return bigger;
}
