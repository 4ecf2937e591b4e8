// Automata under construction: live states, strongly connected components, equal states.
import { anyChar } from "./char-sets.ts";

/** One state; as a language: all that can be read from here on. It can always be ended. The empty language is null. */
export interface DfaState {
  readonly id: number;
  readonly accepts: boolean;
  /** Sorted, not overlapping. */
  readonly edges: readonly DfaEdge[];
}

export interface DfaEdge {
  readonly low: number;
  readonly high: number;
  readonly target: DfaState;
}

export type Language = DfaState | null;

/** What a range of code points leads to. */
interface Edge<Target> {
  readonly low: number;
  readonly high: number;
  readonly target: Target;
}

/** A state under construction; edges lead to positions in the list of states. */
export interface RawState {
  accepts: boolean;
  edges: { low: number; high: number; target: number }[];
}

/** Neighbouring ranges with one target become one. */
export function joinEdges<Target>(edges: { low: number; high: number; target: Target }[]) {
  const joined: { low: number; high: number; target: Target }[] = [];
  for (const { low, high, target } of edges) {
    const last = joined[joined.length - 1];
    if (last && last.target === target && last.high === low - 1) last.high = high;
    else joined.push({ low, high, target });
  }
  return joined;
}

/** Which states can reach an accepting one. */
export function liveStates(states: RawState[]): boolean[] {
  const sources: number[][] = states.map(() => []);
  states.forEach(({ edges }, index) => {
    for (const { target } of edges) sources[target].push(index);
  });
  const live = states.map(({ accepts }) => accepts);
  const queue = states.flatMap(({ accepts }, index) => (accepts ? [index] : []));
  for (const index of queue) {
    for (const source of sources[index]) {
      if (live[source]) continue;
      live[source] = true;
      queue.push(source);
    }
  }
  return live;
}

/** Strongly connected components of what `states[0]` reaches, those that are reached first (Tarjan 1972), without recursion. */
export function components(states: RawState[]): number[][] {
  const order = new Int32Array(states.length).fill(-1);
  const lowest = new Int32Array(states.length);
  const onStack = new Uint8Array(states.length);
  const stack: number[] = [];
  const found: number[][] = [];
  const path: { index: number; edge: number }[] = [];
  let count = 0;
  const enter = (index: number) => {
    order[index] = lowest[index] = count++;
    stack.push(index);
    onStack[index] = 1;
    path.push({ index, edge: 0 });
  };
  enter(0);
  while (path.length > 0) {
    const step = path[path.length - 1];
    const { index } = step;
    if (step.edge < states[index].edges.length) {
      const { target } = states[index].edges[step.edge++];
      if (order[target] < 0) enter(target);
      else if (onStack[target]) lowest[index] = Math.min(lowest[index], order[target]);
      continue;
    }
    path.pop();
    if (path.length > 0) {
      const above = path[path.length - 1].index;
      lowest[above] = Math.min(lowest[above], lowest[index]);
    }
    if (lowest[index] !== order[index]) continue;
    const component: number[] = [];
    let member: number;
    do {
      member = stack.pop()!;
      onStack[member] = 0;
      component.push(member);
    } while (member !== index);
    found.push(component);
  }
  return found;
}

/** Larger automata are left as they are: sharing is lost, not correctness. */
const MINIMISED_STATES = 400;

/** Joins equal states (Moore 1956). */
export function minimised(states: RawState[]): RawState[] {
  if (states.length > MINIMISED_STATES) return states;
  // Without circles equal states become one when they are added.
  if (components(states).every(({ length }) => length === 1)) return states;
  const live = liveStates(states);
  let block: number[] = states.map(({ accepts }, index) => (!live[index] ? 0 : accepts ? 1 : 2));
  let count = new Set(block).size;
  for (;;) {
    const numbers = new Map<string, number>();
    const refined = states.map(({ edges }, index) => {
      if (!live[index]) return 0;
      let key = `${block[index]}:`;
      for (const { low, high, target } of joinEdges(
        edges
          .filter(({ target }) => live[target])
          .map(({ low, high, target }) => ({ low, high, target: block[target] })),
      )) {
        key += `${low},${high},${target};`;
      }
      if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
      return numbers.get(key)!;
    });
    block = refined;
    const refinedCount = new Set(block).size;
    if (refinedCount === count) break;
    count = refinedCount;
  }
  // The start stays first; dead states become one without edges.
  const positions = new Map<number, number>([[block[0], 0]]);
  for (const number of block) if (!positions.has(number)) positions.set(number, positions.size);
  const joined: RawState[] = new Array(positions.size);
  states.forEach(({ accepts, edges }, index) => {
    const position = positions.get(block[index])!;
    joined[position] ??= {
      accepts,
      edges: live[index]
        ? edges.map(({ low, high, target }) => ({ low, high, target: positions.get(block[target])! }))
        : [],
    };
  });
  return joined;
}

/** Edges of single code points, and one target for all others. */
export function withOthers(edges: RawState["edges"], target: number): RawState["edges"] {
  const all: RawState["edges"] = [];
  for (let i = 0; i < anyChar.length; i += 2) {
    let next = anyChar[i];
    for (const edge of edges) {
      if (edge.low < anyChar[i] || edge.low > anyChar[i + 1]) continue;
      if (edge.low > next) all.push({ low: next, high: edge.low - 1, target });
      all.push(edge);
      next = edge.low + 1;
    }
    if (next <= anyChar[i + 1]) all.push({ low: next, high: anyChar[i + 1], target });
  }
  return all;
}

/** The ranges of two lists of edges, cut so that each has one target on either side. */
export function pairedEdges<Target>(a: readonly Edge<Target>[], b: readonly Edge<Target>[]) {
  const paired: { low: number; high: number; left: Target | null; right: Target | null }[] = [];
  let i = 0;
  let j = 0;
  let at = 0;
  while (i < a.length || j < b.length) {
    const x = a[i];
    const y = b[j];
    const inX = x !== undefined && x.low <= at;
    const inY = y !== undefined && y.low <= at;
    if (!inX && !inY) {
      at = Math.min(x?.low ?? Number.POSITIVE_INFINITY, y?.low ?? Number.POSITIVE_INFINITY);
      continue;
    }
    const endX = x === undefined ? Number.POSITIVE_INFINITY : inX ? x.high : x.low - 1;
    const endY = y === undefined ? Number.POSITIVE_INFINITY : inY ? y.high : y.low - 1;
    const high = Math.min(endX, endY);
    paired.push({ low: at, high, left: inX ? x.target : null, right: inY ? y.target : null });
    at = high + 1;
    if (inX && x.high === high) i++;
    if (inY && y.high === high) j++;
  }
  return paired;
}
