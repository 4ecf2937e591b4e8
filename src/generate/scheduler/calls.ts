// Calls of the model that all ranks make together: rank 0 tells the others, and does its own part.
import type { Bus } from "../../backends/bus.ts";
import type { Transformer } from "../../models/forward/model.ts";
import {
  encode,
  type ForwardOptions,
  forward,
  logitsOf,
  statesOf,
} from "../../models/forward/transformer.ts";
import type { Run } from "../../tensor/backend.ts";
import { sendCommand } from "../commands.ts";
import { canSummarise, summariesOf } from "../head-summaries.ts";
import { summariesOfLargest } from "../largest-summaries.ts";
import type { LogitSummary, SummaryWish } from "../logit-summary.ts";

type OnHidden = ForwardOptions["onHidden"];

export class Calls {
  readonly model: Transformer;
  readonly #bus: Bus;
  /** The text that the encoder has read. */
  #encoded: Int32Array | undefined;

  constructor(model: Transformer, bus: Bus) {
    this.model = model;
    this.#bus = bus;
  }

  /** False when stopped. */
  forward(tokens: Int32Array, runs: readonly Run[], onHidden: OnHidden): boolean {
    sendCommand(this.#bus, { kind: "forward", tokens, runs });
    return forward(this.model, tokens, runs, { onHidden });
  }

  /** Logits of rows of the last pass, at most LOGIT_ROWS: [rows, vocabSize], valid until the next call. */
  logits(rows: Int32Array, onHidden: OnHidden): Promise<Float32Array> {
    sendCommand(this.#bus, { kind: "logits", rows });
    return logitsOf(this.model, rows, { onHidden });
  }

  /** Whether `summaries` is worth a call. */
  get canSummarise(): boolean {
    return canSummarise(this.model);
  }

  /** What is wished of each of these rows; all of its logits where there is no wish, or more is needed than was wished. */
  async summaries(
    rows: Int32Array,
    wishes: readonly (SummaryWish | undefined)[],
  ): Promise<(LogitSummary | Float32Array)[]> {
    const { backend, workspace } = this.model;
    if (backend.largest) return this.#largest(rows, wishes);
    sendCommand(this.#bus, { kind: "summaries", rows, wishes });
    const summaries = summariesOf(this.model, this.#bus, rows, wishes);
    if (!summaries.includes(undefined)) return summaries as LogitSummary[];
    sendCommand(this.#bus, { kind: "collect" });
    return filled(summaries, await backend.collect(workspace.logits!)); // there, since it has been computed
  }

  /** The same on one rank whose device finds the largest logits. Where they are not enough the head is computed again. */
  async #largest(
    rows: Int32Array,
    wishes: readonly (SummaryWish | undefined)[],
  ): Promise<(LogitSummary | Float32Array)[]> {
    const all = wishes.filter((wish) => wish !== undefined);
    const summaries =
      all.length === rows.length
        ? await summariesOfLargest(this.model, rows, all)
        : wishes.map(() => undefined);
    if (!summaries.includes(undefined)) return summaries as LogitSummary[];
    return filled(summaries, await logitsOf(this.model, rows));
  }

  /**
   * Final states of rows of the last pass, at most LOGIT_ROWS: [rows, embeddingSize]. Every rank has them whole, and this one takes
   * them alone, but where a product comes last: only that waits for the others.
   */
  async states(rows: Int32Array, onHidden: OnHidden): Promise<Float32Array> {
    if (this.model.weights.projectOut) sendCommand(this.#bus, { kind: "states", rows });
    return this.model.backend.read(statesOf(this.model, rows, { onHidden }));
  }

  /** Copies a page of the decoder's cache. */
  copyPage(from: number, to: number): void {
    const { backend, caches } = this.model;
    sendCommand(this.#bus, { kind: "copy", from, to });
    backend.copyPage(caches.decoder, from, to);
  }

  /** Copies one recurrent state over another. */
  copyState(from: number, to: number): void {
    const { backend, caches } = this.model;
    sendCommand(this.#bus, { kind: "copy-state", from, to });
    backend.copyState(caches.delta!, from, to); // what a model with kept states has
  }

  /** The bytes of a page of the decoder's cache. */
  readPage(page: number): Uint8Array | Promise<Uint8Array> {
    sendCommand(this.#bus, { kind: "read-page", at: page });
    return this.model.backend.readPage(this.model.caches.decoder, page);
  }

  /** Puts them back. */
  writePage(page: number, bytes: Uint8Array): void {
    sendCommand(this.#bus, { kind: "write-page", at: page });
    this.model.backend.writePage(this.model.caches.decoder, page, bytes);
  }

  /** The bytes of a recurrent state. */
  readState(slot: number): Uint8Array | Promise<Uint8Array> {
    sendCommand(this.#bus, { kind: "read-state", at: slot });
    return this.model.backend.readState(this.model.caches.delta!, slot);
  }

  /** Puts them back. */
  writeState(slot: number, bytes: Uint8Array): void {
    sendCommand(this.#bus, { kind: "write-state", at: slot });
    this.model.backend.writeState(this.model.caches.delta!, slot, bytes);
  }

  /** Whether the encoder has read this text last. */
  hasRead(tokens: Int32Array): boolean {
    const known = this.#encoded;
    return known?.length === tokens.length && known.every((id, i) => id === tokens[i]);
  }

  /** Has the encoder read a text. False when stopped. */
  encode(tokens: Int32Array, onHidden: OnHidden): boolean {
    this.#encoded = undefined;
    sendCommand(this.#bus, { kind: "encode", tokens });
    const done = encode(this.model, tokens, { onHidden });
    if (done) this.#encoded = tokens;
    return done;
  }
}

/** Rows of logits in the places of summaries that are missing. */
function filled(
  summaries: readonly (LogitSummary | undefined)[],
  logits: Float32Array,
): (LogitSummary | Float32Array)[] {
  const width = logits.length / summaries.length;
  return summaries.map((summary, row) => summary ?? logits.subarray(row * width, (row + 1) * width));
}
