// Heads on a GPU: norms, RoPE and storing before attention, and attention over the cache.

import { BaimoError } from "../../errors.ts";
import { attentionShader, roundsOf } from "../../kernels/attention/attention.wgsl.ts";
import { type HeadSteps, headRoom, headsShader } from "../../kernels/attention/heads.wgsl.ts";
import { keyDimOf } from "../../kernels/attention/kv-store.ts";
import { foursOf, pageNumbers } from "../../kernels/attention/kv-store.wgsl.ts";
import { describeRows, spanOf } from "../../kernels/attention/rows.wgsl.ts";
import { NONE } from "../../kernels/module/wgsl.ts";
import type { AttentionOptions, Run } from "../../tensor/backend.ts";
import type { GpuCache } from "./cache.ts";
import type { Gpu } from "./gpu.ts";
import type { HeadsOperation, HeadWork } from "./operations.ts";
import { type Rows, type Vectors, vectorAt } from "./rows.ts";

/** Words that are put once and read by many calls. */
export class Kept {
  readonly #gpu: Gpu;
  #runs: readonly Run[] | undefined;
  #rows = { at: 0, epoch: -1 };
  readonly #angles: { cos: Float32Array; sin: Float32Array; pairs: number; at: number; epoch: number }[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }
  /** Where the rows of these runs are described. */
  rowsAt(runs: readonly Run[]): number {
    const { epoch } = this.#gpu;
    const known = this.#rows;
    if (this.#runs === runs && known.epoch === epoch) return known.at;
    const at = this.#gpu.put((start) => describeRows(runs, start));
    this.#runs = runs;
    this.#rows = { at, epoch };
    return at;
  }
  setAngles(index: number, cos: Float32Array, sin: Float32Array, pairs: number): void {
    this.#angles[index] = { cos, sin, pairs, at: 0, epoch: -1 };
  }
  /** @throws {BaimoError} `shape` where these angles have not been set */
  check(index: number): void {
    if (!this.#angles[index]) throw new BaimoError("shape", "rope was called before setAngles");
  }
  /** Where cosines and sines lie. */
  anglesAt(index: number): { pairs: number; cos: number; sin: number } {
    const kept = this.#angles[index];
    const { cos, sin, pairs } = kept;
    if (kept.epoch !== this.#gpu.epoch) {
      kept.at = this.#gpu.put(wordsOf(cos));
      this.#gpu.put(wordsOf(sin));
      kept.epoch = this.#gpu.epoch;
    }
    return { pairs, cos: kept.at, sin: kept.at + cos.length };
  }
}

const wordsOf = (values: Float32Array): Uint32Array<ArrayBuffer> =>
  new Uint32Array(values.buffer as ArrayBuffer, values.byteOffset, values.length);

/** What a call of attention or storing needs beside its operands. */
export interface HeadTools {
  readonly gpu: Gpu;
  readonly vectors: Vectors;
  readonly kept: Kept;
}

export function sendHeads(
  { gpu, vectors, kept }: HeadTools,
  { first, tokens, parts, into }: HeadsOperation,
): void {
  const byPart = placesOf(parts);
  const stepsOf = (work: HeadWork | undefined): HeadSteps | undefined =>
    work && {
      norm: work.norm?.kind,
      rope: work.angles !== undefined,
      store: work.store && into?.cache.shape.dtype,
    };
  const works = Object.values(byPart).filter((work) => work !== undefined);
  const room = headRoom(Math.max(...works.map(({ dim }) => dim)));
  const name = `heads ${room} ${Object.entries(byPart)
    .map(([part, work]) => work && `${part} ${Object.values(stepsOf(work) ?? {}).join(" ")}`)
    .join()}`;
  const numbers = works.flatMap(({ x, dim, norm }) => [
    x.width / dim,
    dim,
    x.stride,
    norm?.weight ?? NONE,
    norm?.bias ?? NONE,
    norm?.each ? 1 : 0,
  ]);
  const turned = works.find(({ angles }) => angles !== undefined)?.angles;
  const angles = turned === undefined ? { pairs: 0, cos: 0, sin: 0 } : kept.anglesAt(turned);
  const rowsAt = into ? kept.rowsAt(into.runs) : 0;
  const shape = into?.cache.shape;
  if (shape)
    numbers.push(...pageNumbers(shape.dtype, keyDimOf(shape)), ...pageNumbers(shape.dtype, shape.valueDim));
  numbers.push(
    works.find(({ norm }) => norm)?.norm?.eps ?? 0,
    angles.pairs,
    angles.cos,
    angles.sin,
    rowsAt,
    first,
  );
  const heads = works.reduce((sum, { x, dim }) => sum + x.width / dim, 0);
  const stores = works.filter(({ store }) => store);
  const layer = into?.cache.layers[into.layer];
  const pipeline = gpu.pipeline(name, () =>
    headsShader({
      room,
      query: stepsOf(byPart.query),
      key: stepsOf(byPart.key),
      value: stepsOf(byPart.value),
    }),
  );
  const caches = layer ? stores.map(({ store }) => (store === "key" ? layer.keys : layer.values)) : [];
  // The data is asked for last: putting words may have replaced it.
  gpu.call(
    pipeline,
    [gpu.data, vectors.area, ...works.map(({ x }) => x.area), ...caches],
    numbers,
    heads,
    tokens,
  );
}

/** Which activation takes which place in a call. */
function placesOf(parts: readonly HeadWork[]): { query?: HeadWork; key?: HeadWork; value?: HeadWork } {
  const [query, other] = parts.filter(({ store }) => !store);
  return {
    query,
    key: parts.find(({ store }) => store === "key") ?? other,
    value: parts.find(({ store }) => store === "value"),
  };
}

export interface AttentionCall {
  readonly cache: GpuCache;
  readonly layer: number;
  readonly query: Rows;
  readonly out: Rows;
  readonly options: AttentionOptions;
  readonly runs: readonly Run[];
}

export function sendAttention({ gpu, vectors, kept }: HeadTools, call: AttentionCall): void {
  const { cache, layer, query, out, options, runs } = call;
  const span = spanOf(runs);
  const { headDim, valueDim, numHeads, numKvHeads, dtype, valueInKey = false } = cache.shape;
  const keyDim = keyDimOf(cache.shape);
  const { scale, causal, window, softcap, sinks, slopes, bias } = options;
  const shaderOptions = {
    type: dtype,
    softcap: softcap > 0,
    causal,
    room: headRoom(4 * (foursOf(keyDim) + foursOf(headDim - keyDim))),
    rounds: roundsOf(valueDim),
    joined: valueInKey,
  };
  const name = `attention ${Object.values(shaderOptions).join(" ")}`;
  const at = (vector: Parameters<typeof vectorAt>[0] | undefined) => (vector ? vectorAt(vector) : NONE);
  const numbers = [
    numHeads / numKvHeads,
    numKvHeads,
    query.stride,
    out.stride,
    kept.rowsAt(runs),
    window,
    scale,
    softcap,
    at(sinks),
    at(slopes),
    at(bias?.table),
    bias?.reach ?? 0,
    span.first,
    headDim,
    keyDim,
    valueDim,
    ...pageNumbers(dtype, keyDim),
    ...pageNumbers(dtype, valueDim),
  ];
  const { keys, values } = cache.layers[layer];
  const areas = [gpu.data, vectors.area, query.area, keys, values, out.area];
  gpu.call(
    gpu.pipeline(name, () => attentionShader(shaderOptions)),
    areas,
    numbers,
    numHeads,
    span.rows,
  );
}
