// The hidden states of one text, kept as its rows run.
import type { ModelConfig } from "../../models/config/config.ts";
import type { ForwardOptions } from "../../models/forward/transformer.ts";

type OnHidden = ForwardOptions["onHidden"];

export class HiddenStates {
  /** [numLayers + 1][tokens, width]: what goes into each block, and the final states. */
  readonly #states: readonly Float32Array[];
  /** Those that are being read. */
  readonly #reading: Promise<void>[] = [];
  readonly #widthOf: (layer: number) => number;

  constructor({ numLayers, hiddenSize, embeddingSize }: ModelConfig, tokens: number) {
    this.#widthOf = (layer) => (layer === numLayers ? embeddingSize : hiddenSize);
    this.#states = Array.from(
      { length: numLayers + 1 },
      (_, layer) => new Float32Array(tokens * this.#widthOf(layer)),
    );
  }

  /** Keeps the states of a pass whose first row is at `position`. */
  watch(position: number): OnHidden {
    return (layer, values) => {
      const put = (states: Float32Array) => this.#states[layer].set(states, position * this.#widthOf(layer));
      this.#reading.push(Promise.resolve(values).then(put));
    };
  }

  /** All of them, once they are there. */
  async read(): Promise<readonly Float32Array[]> {
    await Promise.all(this.#reading);
    return this.#states;
  }
}
