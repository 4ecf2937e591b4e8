// Attention within runs: forward and backward over blocks of queries, scores never whole.
import { BaimoError } from "../../../errors.ts";
import type { AttentionOptions, RowSpan } from "../../../tensor/backend.ts";
import type { Operand } from "../machine.ts";
import type { Operation } from "../operation.ts";
import type { Tape } from "../tape.ts";
import { type Value, vectorOf } from "../value.ts";

/** Queries whose scores are computed together. */
const QUERIES = 64;

export interface AttentionSizes {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly valueDim: number;
}

export interface Attention extends Operation {
  readonly output: Value;
  /** The documents of this pass: rows see rows of their own run alone. */
  runs: readonly RowSpan[];
}

/** A block of queries of one head: rows [row, row + rows) of the pass, and the keys that they see. */
interface Block {
  readonly head: number;
  readonly kvHead: number;
  readonly row: number;
  readonly rows: number;
  /** The first key's row, and how many. */
  readonly key: number;
  readonly keys: number;
}

/** out = softmax(score(scale q k)) v, each token over its run up to itself. */
export function createAttention(
  tape: Tape,
  { q, k, v }: { readonly q: Value; readonly k: Value; readonly v: Value },
  sizes: AttentionSizes,
  options: AttentionOptions,
): Attention {
  const { causal, slopes, bias, scale, softcap, window } = options;
  const knob = !causal ? "causal: false" : slopes ? "alibiSlopes" : bias ? "relativeBuckets" : undefined;
  if (knob)
    throw new BaimoError(
      "config",
      `attention with ${knob} has no backward pass; this model cannot be trained`,
    );
  const { machine } = tape;
  const { kernels } = machine;
  const { heads, kvHeads, headDim, valueDim } = sizes;
  const group = heads / kvHeads;
  const sinks = options.sinks && vectorOf(options.sinks);
  const learns = q.learns || k.learns || v.learns || (sinks?.gradient ?? 0) !== 0;
  const output = tape.value(heads * valueDim, learns);
  /** Of each token and head: what the sink's probability does to the gradient. */
  const ofSinks = sinks ? tape.value(heads, false) : undefined;
  const bytes = 4 * QUERIES * tape.maxTokens;
  const [scores, gradients, raw] = ["scores", "gradients", "raw"].map((use) => machine.ownRoom(use, bytes));
  const [sums, sinkRow] = ["sums", "sinks"].map((use) => machine.ownRoom(use, 4 * QUERIES));

  /** Calls `work` for each of this rank's blocks: whole KV heads of runs, so that a gradient has one writer. */
  const eachUnit = (
    runs: readonly RowSpan[],
    begin: (run: RowSpan, kvHead: number) => void,
    work: (block: Block) => void,
  ) => {
    let unit = 0;
    for (const run of runs) {
      for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
        if (unit++ % machine.ranks !== machine.rank) continue;
        begin(run, kvHead);
        for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
          for (let at = 0; at < run.rows; at += QUERIES) {
            const rows = Math.min(QUERIES, run.rows - at);
            const first = window > 0 ? Math.max(0, at - window + 1) : 0;
            work({
              head,
              kvHead,
              row: run.first + at,
              rows,
              key: run.first + first,
              keys: at + rows - first,
            });
          }
        }
      }
    }
  };
  const part = (address: number, width: number, row: number, column: number): Operand => ({
    address: address + 4 * (row * width + column),
    stride: width,
  });
  const columns = (operand: Operand): Operand => ({ ...operand, byColumns: true });
  const queries = ({ head, row }: Block, address = q.address) =>
    part(address, heads * headDim, row, head * headDim);
  const keys = ({ kvHead, key }: Block, address = k.address) =>
    part(address, kvHeads * headDim, key, kvHead * headDim);
  const values = ({ kvHead, key }: Block, address = v.address) =>
    part(address, kvHeads * valueDim, key, kvHead * valueDim);
  const answers = ({ head, row }: Block, address = output.address) =>
    part(address, heads * valueDim, row, head * valueDim);

  const weigh = (block: Block): Operand => {
    const { rows, keys: count, head, row, key } = block;
    const s = { address: scores, stride: count };
    machine.multiplyAlone(queries(block), keys(block), [rows, count, headDim], s, false);
    if (softcap > 0) {
      const from = scores / 4;
      machine.f32.copyWithin(raw / 4, from, from + rows * count);
    }
    const sink = sinks ? machine.f32[sinks.address / 4 + head] : 0;
    kernels.attention_softmax(
      scores,
      count,
      rows,
      count,
      row - key,
      window,
      scale,
      softcap,
      sinks ? 1 : 0,
      sink,
      sinkRow,
    );
    return s;
  };

  return {
    name: "attention",
    reads: [q, k, v],
    writes: [output],
    keeps: [q, k, v],
    behind: ofSinks && [ofSinks],
    output,
    runs: [],
    forward() {
      eachUnit(
        this.runs,
        () => {},
        (block) => {
          const weights = weigh(block);
          const sums = [block.rows, valueDim, block.keys] as const;
          machine.multiplyAlone(weights, columns(values(block)), sums, answers(block), false);
        },
      );
    },
    backward() {
      const { f32 } = machine;
      const adds = [q, k, v].map((value) => value.learns && value.addsNext());
      const clear = (value: Value, run: RowSpan, column: number, width: number) => {
        for (let row = run.first; row < run.first + run.rows; row++) {
          const at = value.gradient / 4 + row * value.width + column;
          f32.fill(0, at, at + width);
        }
      };
      eachUnit(
        this.runs,
        (run, kvHead) => {
          if (k.learns && !adds[1]) clear(k, run, kvHead * headDim, headDim);
          if (v.learns && !adds[2]) clear(v, run, kvHead * valueDim, valueDim);
        },
        (block) => {
          const { rows, keys: count, head, row, key } = block;
          const weights = weigh(block);
          const upstream = answers(block, output.gradient);
          const d = { address: gradients, stride: count };
          machine.multiplyAlone(upstream, values(block), [rows, count, valueDim], d, false);
          if (v.learns) {
            const to = values(block, v.gradient);
            machine.multiplyAlone(columns(weights), columns(upstream), [count, valueDim, rows], to, true);
          }
          kernels.attention_softmax_backward(
            scores,
            gradients,
            raw,
            count,
            rows,
            count,
            row - key,
            window,
            scale,
            softcap,
            sums,
          );
          if (ofSinks) {
            for (let r = 0; r < rows; r++) {
              f32[ofSinks.address / 4 + (row + r) * heads + head] = f32[sinkRow / 4 + r] * f32[sums / 4 + r];
            }
          }
          if (q.learns) {
            const to = queries(block, q.gradient);
            machine.multiplyAlone(d, columns(keys(block)), [rows, headDim, count], to, adds[0]);
          }
          if (k.learns) {
            const to = keys(block, k.gradient);
            machine.multiplyAlone(columns(d), columns(queries(block)), [count, headDim, rows], to, true);
          }
        },
      );
      if (!ofSinks || !sinks || sinks.gradient === 0) return;
      machine.barrier();
      const [from, to] = machine.share(heads);
      for (let head = from; head < to; head++) {
        let sum = 0;
        for (let row = 0; row < q.rows; row++) sum += f32[ofSinks.address / 4 + row * heads + head];
        f32[sinks.gradient / 4 + head] -= sum;
      }
    },
  };
}
