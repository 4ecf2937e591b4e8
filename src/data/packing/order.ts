// The order of training: which sequence comes when, by seed, manifest and step alone.
import { mix } from "../units.ts";

/** What the order is a function of. */
export interface OrderOptions {
  readonly seed: number;
  /** The hash of the packed corpus's manifest. */
  readonly manifestHash: string;
  /** Sequences of the corpus. */
  readonly sequences: number;
}

const ROUNDS = 6;

/**
 * Gives the sequence at a position, from 0: each once before any comes again, then in another order. Nothing is kept, so
 * that a run may begin anywhere. A Feistel network over the next power of 4, walked until it ends within the corpus.
 */
export function createOrder({ seed, manifestHash, sequences }: OrderOptions): (position: number) => number {
  let half = 1; // bits of each half
  while (4 ** half < sequences) half++;
  const size = 2 ** half;
  const base = hashText(`${seed}:${manifestHash}`);
  const permute = (at: number, epoch: number): number => {
    let [left, right] = [Math.floor(at / size), at % size];
    for (let round = 0; round < ROUNDS; round++) {
      const key = mix(base ^ mix(Math.imul(epoch * ROUNDS + round + 1, 0x9e3779b1)));
      [left, right] = [right, left ^ (mix(right ^ key) & (size - 1))];
    }
    return left * size + right;
  };
  return (position) => {
    const epoch = Math.floor(position / sequences);
    let at = position % sequences;
    do at = permute(at, epoch);
    while (at >= sequences);
    return at;
  };
}

/** The sequences of a step, from 0, row by row. */
export function sequencesOfStep(order: (position: number) => number, step: number, batch: number): number[] {
  return Array.from({ length: batch }, (_, row) => order(step * batch + row));
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = mix(Math.imul(hash ^ text.charCodeAt(at), 0x01000193) + at);
  return hash;
}
