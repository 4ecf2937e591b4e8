// RoPEs whose angles depend on the length of a sequence: which keys were turned alike.
import type { RopeConfig } from "../../models/config/config.ts";
import { dependsOnLength, ropeFrequencies } from "../../models/forward/rope.ts";

export class Angles {
  readonly #ropes: readonly RopeConfig[];

  constructor(ropes: readonly RopeConfig[]) {
    this.#ropes = ropes.filter(dependsOnLength);
  }

  /** The angles of a sequence of this length, as far as they depend on it: equal texts are equal angles. */
  of(length: number): string {
    return this.#ropes.map((rope) => ropeFrequencies(rope, length).inverse.join()).join(";");
  }

  /** Whether a token that is added may change them. */
  get vary(): boolean {
    return this.#ropes.length > 0;
  }

  /** How many rows from `position` on have the same length: those of the prompt its own, those after it each their own. */
  rowsAt(position: number, promptLength: number): number {
    if (position < promptLength) return promptLength - position;
    return this.#ropes.length > 0 ? 1 : Number.POSITIVE_INFINITY;
  }
}
