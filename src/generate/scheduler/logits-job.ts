// Logits of given tokens, and the hidden states on the way where they are asked for.
import type { ModelConfig } from "../../models/config/config.ts";
import type { ForwardOptions } from "../../models/forward/transformer.ts";
import type { LogitsRequest, LogitsResult } from "../protocol.ts";
import { HiddenStates } from "./hidden-states.ts";
import type { Job } from "./job.ts";

type OnHidden = ForwardOptions["onHidden"];

export class LogitsJob implements Job {
  readonly kind = "logits";
  readonly tokens: readonly number[];
  readonly encoderTokens?: Int32Array;
  readonly alone: boolean;
  readonly watch?: (position: number) => OnHidden;
  readonly watchEncoder?: OnHidden;
  readonly isWhole = true;
  /** The first position whose logits are wanted; those before it need not run. */
  readonly reusable: number;
  readonly #logits: Float32Array;
  readonly #hidden?: HiddenStates;
  readonly #encoderHidden: Float32Array[] = [];
  /** Those of the encoder that are being read. */
  readonly #reading: Promise<void>[] = [];

  constructor({ tokens, positions, trace, encoderTokens }: LogitsRequest, config: ModelConfig) {
    const { vocabSize } = config;
    this.tokens = Array.from(tokens);
    this.encoderTokens = encoderTokens;
    this.alone = trace || encoderTokens !== undefined;
    this.reusable = positions === "all" ? 0 : tokens.length - 1;
    this.#logits = new Float32Array((tokens.length - this.reusable) * vocabSize);
    if (!trace) return;
    const hidden = new HiddenStates(config, tokens.length);
    this.#hidden = hidden;
    this.watch = (position) => hidden.watch(position);
    this.watchEncoder = (layer, values) => {
      this.#reading.push(
        Promise.resolve(values).then((states) => {
          this.#encoderHidden[layer] = states;
        }),
      );
    };
  }

  get promptLength(): number {
    return this.tokens.length;
  }

  wants(position: number): boolean {
    return position >= this.reusable;
  }

  take(position: number, logits: Float32Array): void {
    this.#logits.set(logits, (position - this.reusable) * logits.length);
  }

  async finish(aborted: boolean): Promise<LogitsResult> {
    await Promise.all(this.#reading);
    return {
      kind: "logits",
      aborted,
      logits: this.#logits,
      hidden: (await this.#hidden?.read()) ?? [],
      encoderHidden: this.#encoderHidden,
    };
  }
}
