// Every rank looks at its own share of the logits; rank 0 puts together what samplers asked for.
import type { Bus } from "../backends/bus.ts";
import type { Transformer } from "../models/forward/model.ts";
import { headColumns } from "../models/forward/transformer.ts";
import {
  findLargest,
  holdsNucleus,
  isLarger,
  type LogitSummary,
  largestOf,
  largestPart,
  nucleusPart,
  type SummaryWish,
  WEIGHT_BLOCK,
  WeightSum,
} from "./logit-summary.ts";

/** Smaller vocabularies are gathered sooner than looked at in parts. */
const LEAST_VOCABULARY = 4096;
/** Most tokens of one rank and row that are handed on: more are no summary. */
const MOST_TOKENS = 2048;

/** Whether summaries are of use: several ranks or a device that finds the largest, and a vocabulary that is worth it. */
export function canSummarise({ backend, config }: Pick<Transformer, "backend" | "config">): boolean {
  const { vocabSize, logitScale } = config;
  // A scale below nothing turns the order of logits around.
  return (
    (backend.ranks > 1 || (backend.largest !== undefined && logitScale > 0)) && vocabSize >= LEAST_VOCABULARY
  );
}

/** This rank's columns of some rows, from column `first` on. */
interface Share {
  readonly first: number;
  readonly rows: readonly Float32Array[];
}

/**
 * Computes logits of some rows of the last pass, and what is wanted of each. All ranks call it together.
 *
 * wishes  one a row; undefined: the row is going to be collected whole
 * @returns on rank 0 a summary for each row, undefined where it takes the whole row; elsewhere nothing
 */
export function summariesOf(
  model: Transformer,
  bus: Bus,
  rows: Int32Array,
  wishes: readonly (SummaryWish | undefined)[],
): (LogitSummary | undefined)[] {
  const share = headColumns(model, rows);
  const largest = largestOfAll(share, bus);
  if (!wishes.some((wish) => wish && wish.kind !== "best")) {
    return wishes.map((wish, row) => wish && { ...largest[row], ids: [], logits: [] });
  }
  const { exchange } = bus;
  const room = new Mail(exchange, bus.rank, bus.ranks);
  for (const [row, wish] of wishes.entries()) {
    const { max } = largest[row];
    if (wish && asksForMore(wish, max)) writePart(room, share, row, max, wish);
  }
  bus.barrier();
  if (bus.rank > 0) return [];
  const mails = Array.from({ length: bus.ranks }, (_, rank) => new Mail(exchange, rank, bus.ranks));
  return wishes.map((wish, row) => {
    const { best, max } = largest[row];
    if (wish && asksForMore(wish, max)) return readParts(mails, { best, max }, wish);
    return wish && { best, max, ids: [], logits: [] };
  });
}

/** Whether the largest logit is not enough; where it is no number, nothing else matters. */
const asksForMore = ({ kind }: SummaryWish, max: number): boolean =>
  kind !== "best" && Math.abs(max) < Number.POSITIVE_INFINITY;

/** The largest logit of each row; all ranks know it. */
function largestOfAll({ first, rows }: Share, bus: Bus): { best: number; max: number }[] {
  const { exchange, rank, ranks } = bus;
  const mail = new Mail(exchange, rank, ranks);
  for (const row of rows) {
    const best = findLargest(row);
    mail.put([best < 0 ? -1 : first + best, best < 0 ? Number.NEGATIVE_INFINITY : row[best]]);
  }
  bus.barrier();
  const mails = Array.from({ length: ranks }, (_, from) => new Mail(exchange, from, ranks));
  return rows.map(() => {
    const largest = { best: -1, max: Number.NEGATIVE_INFINITY };
    for (const mail of mails) {
      const [best, max] = mail.take() ?? [];
      if (best >= 0 && isLarger(max, largest.max)) Object.assign(largest, { best, max });
    }
    return largest;
  });
}

function writePart(mail: Mail, { first, rows }: Share, row: number, max: number, wish: SummaryWish): void {
  if (wish.kind === "top") {
    const { ids, logits } = largestPart(rows[row], first, wish.count);
    mail.put(ids);
    mail.put(logits);
  } else if (wish.kind === "nucleus") {
    const part = nucleusPart(rows[row], first, max, wish.scale);
    const isWhole = part.ids.length <= MOST_TOKENS;
    for (const values of [part.ids, part.logits, part.head, part.sums, part.tail]) {
      mail.put(isWhole ? values : undefined);
    }
  }
}

/** What all ranks have found in a row; undefined where one had no room to say it. */
function readParts(
  mails: readonly Mail[],
  { best, max }: Pick<LogitSummary, "best" | "max">,
  wish: SummaryWish,
): LogitSummary | undefined {
  const lists = wish.kind === "top" ? 2 : 5;
  const parts = mails.map((mail) => Array.from({ length: lists }, () => mail.take()));
  if (parts.some((part) => part.includes(undefined))) return undefined;
  const whole = parts as Float64Array[][];
  const [ids, logits] = [0, 1].map((list) => whole.flatMap((part) => Array.from(part[list])));
  if (wish.kind === "top") return { best, max, ...largestOf(ids, logits, wish.count) };
  if (wish.kind !== "nucleus") return { best, max, ids, logits };
  const mass = massOf(whole, max, wish.scale);
  const summary = { best, max, ids, logits, mass };
  return holdsNucleus(summary, wish) ? summary : undefined;
}

/** The weight of all tokens, of what ranks have found of a nucleus. */
function massOf(parts: readonly Float64Array[][], max: number, scale: number): number {
  const weight = new WeightSum();
  let first = 0;
  for (const [, , head, sums, tail] of parts) {
    weight.add(head, first, max, scale);
    for (const sum of sums) weight.addBlock(sum);
    first += head.length + sums.length * WEIGHT_BLOCK;
    weight.add(tail, first, max, scale);
    first += tail.length;
  }
  return weight.total;
}

/** A rank's part of the exchange area: lists of numbers, one after another, each behind its length. */
class Mail {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(exchange: Float32Array, rank: number, ranks: number) {
    const size = Math.floor(exchange.byteLength / ranks / 8) * 8;
    this.#bytes = new Uint8Array(exchange.buffer, exchange.byteOffset + rank * size, size);
  }

  /** Adds a list; undefined, or one for which there is no room, is found to be missing. */
  put(values: ArrayLike<number> | undefined): void {
    const room = (this.#bytes.length - this.#at) / 8 - 1;
    const fits = values !== undefined && values.length <= room;
    const numbers = new Float64Array(fits ? values.length + 1 : 1);
    numbers[0] = fits ? values.length : -1;
    if (fits) numbers.set(values, 1);
    if (room >= 0) this.#bytes.set(new Uint8Array(numbers.buffer), this.#at);
    this.#at += numbers.byteLength;
  }

  take(): Float64Array | undefined {
    const [length] = this.#numbers(1);
    if (!(length >= 0)) return undefined;
    return this.#numbers(length);
  }

  #numbers(count: number): Float64Array {
    const end = this.#at + 8 * count;
    const bytes = end <= this.#bytes.length ? this.#bytes.slice(this.#at, end) : new Uint8Array(0);
    this.#at = end;
    return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  }
}
