// fitLaw: a scaling law from runs of one's own, with standard errors and a bootstrap.
import { BaimoError } from "../../errors.ts";
import { whole, withDefault } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { createRandom } from "../../random.ts";
import { quantileOf } from "../../statistics/moments.ts";
import type { Source } from "../quantity/quantity.ts";
import { DELTA, huber } from "./huber.ts";
import { type ConstantName, type Constants, constantNames, type Law, lawOf } from "./laws.ts";
import { inverseOf, minimise, type Slope } from "./minimise.ts";

/** A finished run. */
export interface Run {
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
}

/** A fit with how good it is. */
export interface Fit {
  readonly law: Law;
  readonly constants: Constants;
  /** Of the differences of logarithms, at `delta`. */
  readonly sumOfHuber: number;
  /** By the delta method; null where the runs do not determine them. */
  readonly standardErrors: Constants | null;
}

/** Unscaled, minimisers stop early: the fault that Besiroglu et al. found (arXiv 2404.10102 §3). */
const SCALE = 1000;
const LEAST_RUNS = 6;
const MOST_RUNS = 100_000;

/** ln A, ln B, ln E, alpha, beta. */
type Point = readonly number[];

/** Data as logarithms. */
interface Logs {
  readonly n: Float64Array;
  readonly d: Float64Array;
  readonly loss: Float64Array;
}

/**
 * Fits L = E + A / N^alpha + B / D^beta: least sum of Huber losses of ln L, from many starts.
 * @throws {BaimoError} `request` for too few runs, or figures that are not above 0
 */
export function fitLaw(runs: readonly Run[], source: Source = { title: "runs of one's own" }): Fit {
  const logs = logsOf(runs);
  const best = fitFrom(logs, starts(logs));
  const constants = toConstants(best.at);
  const covariance = covarianceOf(logs, best.at);
  const errors = covariance?.map((row, i) => Math.sqrt(row[i]));
  const flops = runs.map(({ parameters, tokens }) => 6 * parameters * tokens);
  const law = lawOf(constants, {
    name: "own",
    source,
    covariance,
    errors: covariance
      ? "standard errors of the fit, by the delta method"
      : "the runs do not determine the constants",
    range: { low: flops.reduce((a, b) => Math.min(a, b)), high: flops.reduce((a, b) => Math.max(a, b)) },
  });
  return {
    law,
    constants,
    sumOfHuber: best.value / SCALE,
    standardErrors: errors ? byName(errors) : null,
  };
}

/** How runs are drawn again. */
export interface BootstrapOptions {
  /** Of the draws. Default 1. */
  seed?: number;
  resamples?: number;
}

/** The same, declared. */
export const bootstrapTable = {
  seed: withDefault(whole({ min: 0 }), 1),
  resamples: withDefault(whole({ min: 1, max: 10_000 }), 100),
};

/** The middle 80% of each constant over runs drawn with replacement; seeded. */
export function bootstrapLaw(
  runs: readonly Run[],
  options: BootstrapOptions = {},
): Readonly<Record<ConstantName, readonly [number, number]>> {
  const { seed, resamples } = readOptions(options, bootstrapTable, call("bootstrapLaw"));
  const whole = logsOf(runs);
  const { at } = fitFrom(whole, starts(whole));
  const random = createRandom(seed);
  const fits = Array.from({ length: resamples }, () => {
    const drawn = runs.map(() => runs[random.integer(runs.length)]);
    return toConstants(fitFrom(logsOf(drawn), [at]).at);
  });
  const interval = (name: ConstantName): [number, number] => {
    const sorted = Float64Array.from(fits, (fit) => fit[name]).sort();
    return [quantileOf(sorted, 0.1), quantileOf(sorted, 0.9)];
  };
  return {
    E: interval("E"),
    A: interval("A"),
    B: interval("B"),
    alpha: interval("alpha"),
    beta: interval("beta"),
  };
}

function logsOf(runs: readonly Run[]): Logs {
  if (runs.length < LEAST_RUNS || runs.length > MOST_RUNS)
    throw new BaimoError(
      "request",
      `fit: ${runs.length} runs; expected ${LEAST_RUNS} to ${MOST_RUNS.toLocaleString("en")}: five constants need more than five`,
    );
  const bad = runs.findIndex(
    (run) => ![run.parameters, run.tokens, run.loss].every((x) => x > 0 && x < 1e30),
  );
  if (bad >= 0)
    throw new BaimoError(
      "request",
      `fit: run ${bad}: expected parameters, tokens and loss above 0, found ${JSON.stringify(runs[bad])}`,
    );
  return {
    n: Float64Array.from(runs, ({ parameters }) => Math.log(parameters)),
    d: Float64Array.from(runs, ({ tokens }) => Math.log(tokens)),
    loss: Float64Array.from(runs, ({ loss }) => Math.log(loss)),
  };
}

/** What a point predicts for one run, with the shares of its three terms. */
function predict([a, b, e, alpha, beta]: Point, n: number, d: number) {
  const [x, y] = [a - alpha * n, b - beta * d];
  const most = Math.max(x, y, e);
  const [u, v, w] = [Math.exp(x - most), Math.exp(y - most), Math.exp(e - most)];
  const sum = u + v + w;
  return { log: most + Math.log(sum), shares: [u / sum, v / sum, w / sum] };
}

/** Derivatives of the predicted logarithm. */
const derivatives = ([u, v, w]: readonly number[], n: number, d: number) => [u, v, w, -n * u, -d * v];

function objective({ n, d, loss }: Logs): (at: Point) => Slope {
  return (at) => {
    let value = 0;
    const gradient = [0, 0, 0, 0, 0];
    for (let i = 0; i < n.length; i++) {
      const { log, shares } = predict(at, n[i], d[i]);
      const { loss: part, pull } = huber(log - loss[i]);
      value += part;
      for (const [k, slope] of derivatives(shares, n[i], d[i]).entries()) gradient[k] += pull * slope;
    }
    return { value: SCALE * value, gradient: gradient.map((slope) => SCALE * slope) };
  };
}

/** Starts on the grid of Hoffmann et al., with A and B such that each term begins as a part of the losses. */
function starts({ n, d, loss }: Logs): Point[] {
  const middle = (values: Float64Array) => quantileOf(values.toSorted(), 0.5);
  const [midN, midD, midLoss] = [middle(n), middle(d), middle(loss)];
  const floor = quantileOf(loss.toSorted(), 0);
  const points: Point[] = [];
  for (const alpha of [0.2, 0.35, 0.5, 0.8])
    for (const beta of [0.2, 0.35, 0.5, 0.8])
      for (const share of [0.4, 0.8]) {
        const e = floor + Math.log(share);
        const rest = Math.log(Math.max(1e-6, (Math.exp(midLoss) - Math.exp(e)) / 2));
        points.push([rest + alpha * midN, rest + beta * midD, e, alpha, beta]);
      }
  return points;
}

/** The best of some starts; exponents and logarithms differ in size, so each is scaled before it is moved. */
function fitFrom(logs: Logs, from: readonly Point[]) {
  const of = objective(logs);
  const scale = [1, 1, 0.1, 0.05, 0.05];
  const scaled = (point: Point): Slope => {
    const { value, gradient } = of(point.map((x, i) => x * scale[i]));
    return { value, gradient: gradient.map((slope, i) => slope * scale[i]) };
  };
  const ranked = from.map((start) => ({ start, value: of(start).value })).sort((a, b) => a.value - b.value);
  let best: { at: Point; value: number } | undefined;
  for (const { start } of ranked.slice(0, 12)) {
    const found = minimise(
      scaled,
      start.map((x, i) => x / scale[i]),
      600,
    );
    if (!best || found.value < best.value)
      best = { at: found.at.map((x, i) => x * scale[i]), value: found.value };
  }
  return best!; // there is a start
}

const toConstants = ([a, b, e, alpha, beta]: Point): Constants => ({
  E: Math.exp(e),
  A: Math.exp(a),
  B: Math.exp(b),
  alpha,
  beta,
});

const byName = ([E, A, B, alpha, beta]: readonly number[]): Constants => ({ E, A, B, alpha, beta });

/**
 * Covariance of E, A, B, alpha, beta by the sandwich of an M-estimator (Huber 1967): H⁻¹ V H⁻¹, with the density of
 * residuals near 0 taken over a band that holds enough of them.
 */
function covarianceOf({ n, d, loss }: Logs, at: Point): number[][] | undefined {
  const count = n.length;
  const residuals = Float64Array.from(n, (_, i) => predict(at, n[i], d[i]).log - loss[i]);
  const sizes = residuals.map(Math.abs).sort();
  const band = Math.max(DELTA, quantileOf(sizes, 0.5));
  const inBand = sizes.filter((size) => size <= band).length;
  const zero = () => Array.from({ length: 5 }, () => [0, 0, 0, 0, 0]);
  const [hessian, spread] = [zero(), zero()];
  // ψ' is 1 within delta; its mean is the share of residuals there, smoothed over the band.
  const slope = (inBand / count) * (DELTA / band);
  for (let i = 0; i < count; i++) {
    const g = derivatives(predict(at, n[i], d[i]).shares, n[i], d[i]);
    const { pull } = huber(residuals[i]);
    for (let j = 0; j < 5; j++)
      for (let k = 0; k < 5; k++) {
        hessian[j][k] += slope * g[j] * g[k];
        spread[j][k] += pull * pull * g[j] * g[k];
      }
  }
  const inverse = inverseOf(hessian);
  if (!inverse) return undefined;
  const half = inverse.map((row) =>
    spread.map((_, k) => row.reduce((sum, x, j) => sum + x * spread[j][k], 0)),
  );
  const full = half.map((row) =>
    inverse.map((_, k) => row.reduce((sum, x, j) => sum + x * inverse[j][k], 0)),
  );
  if (!full.every((row) => row.every(Number.isFinite))) return undefined;
  const [a, b, e] = at.map(Math.exp);
  const order = [2, 0, 1, 3, 4]; // E, A, B, alpha, beta among ln A, ln B, ln E, alpha, beta
  const factors = [e, a, b, 1, 1];
  return constantNames.map((_, i) =>
    constantNames.map((__, j) => full[order[i]][order[j]] * factors[i] * factors[j]),
  );
}
