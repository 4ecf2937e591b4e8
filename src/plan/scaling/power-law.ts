// A learning curve that flattens as a power of its steps: E + K / s^p.
import { BaimoError } from "../../errors.ts";
import { huber } from "./huber.ts";
import { minimise, type Slope } from "./minimise.ts";

/** Loss after so many steps, or tokens: E + K / s^p. */
export interface PowerLaw {
  readonly E: number;
  readonly K: number;
  readonly p: number;
  readonly sumOfHuber: number;
}

/**
 * Fits a curve: least sum of Huber losses of ln L, from several starts. For a part of a run whose learning rate stands
 * still; what falls because the rate falls is no power law.
 *
 * points  [step, loss]
 * @throws {BaimoError} `request` for fewer than four points, or figures that are not above 0
 */
export function fitPowerLaw(points: readonly (readonly [step: number, loss: number])[]): PowerLaw {
  const bad = points.findIndex(([step, loss]) => !(step > 0 && loss > 0 && step < 1e30 && loss < 1e30));
  if (points.length < 4 || bad >= 0)
    throw new BaimoError(
      "request",
      `power law: ${bad >= 0 ? `point ${bad} is ${points[bad]}` : `${points.length} points`}; expected four or more, all above 0`,
    );
  const logs = points.map(([step, loss]) => [Math.log(step), Math.log(loss)] as const);
  const lowest = Math.min(...logs.map(([, loss]) => loss));
  const [[firstStep, firstLoss]] = logs;
  let best: { at: readonly number[]; value: number } | undefined;
  for (const p of [0.2, 0.4, 0.7, 1])
    for (const share of [0.3, 0.6, 0.9, 0.98]) {
      const e = lowest + Math.log(share);
      const k = Math.log(Math.max(1e-9, Math.exp(firstLoss) - Math.exp(e))) + p * firstStep;
      // The exponent is felt far more than the logarithms, so it is moved in smaller units.
      const found = minimise((at) => slopeOf(logs, at), [e / 0.1, k, p / 0.1], 600);
      if (!best || found.value < best.value) best = found;
    }
  const [e, k, p] = best!.at; // there is a start
  return { E: Math.exp(0.1 * e), K: Math.exp(k), p: 0.1 * p, sumOfHuber: best!.value / SCALE };
}

/** As in `fitLaw`: unscaled, minimisers stop early. */
const SCALE = 1000;

function slopeOf(logs: readonly (readonly [number, number])[], [e10, k, p10]: readonly number[]): Slope {
  let value = 0;
  const gradient = [0, 0, 0];
  for (const [step, loss] of logs) {
    const [x, y] = [0.1 * e10, k - 0.1 * p10 * step];
    const most = Math.max(x, y);
    const [u, v] = [Math.exp(x - most), Math.exp(y - most)];
    const { loss: part, pull } = huber(most + Math.log(u + v) - loss);
    value += part;
    gradient[0] += (pull * 0.1 * u) / (u + v);
    gradient[1] += (pull * v) / (u + v);
    gradient[2] -= (pull * 0.1 * step * v) / (u + v);
  }
  return { value: SCALE * value, gradient: gradient.map((each) => SCALE * each) };
}
