// The head and its loss: logits of some rows at a time, turned into gradients in place.
import type { Machine } from "./machine.ts";
import { multiplyColumns, multiplyRows } from "./products.ts";
import type { TrainedMatrix, Value } from "./value.ts";

/** Bytes of logits that are there at a time, about. */
const LOGIT_BYTES = 16 << 20;

/** What is made of raw logits before they are judged. */
export interface LogitShape {
  readonly scale: number;
  readonly softcap: number;
}

/** What a pass learns from: a target a row (negative: none), its weight in the loss, and of what else. */
export interface Targets {
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  /** Of logSumExp^2, beside each cross-entropy. */
  readonly z: number;
}

/** Of each row: 0 where there is no target. */
export interface Judged {
  readonly crossEntropy: Float64Array;
  readonly logSumExp: Float64Array;
}

/** The head of a model over the final states of a pass. */
export class Head {
  readonly #machine: Machine;
  readonly #states: Value;
  readonly #weight: TrainedMatrix;
  readonly #shape: LogitShape;
  readonly #rows: number;
  readonly #logits: number;
  readonly #targets: number;
  readonly #measures: number;
  readonly #plans: number;

  constructor(machine: Machine, states: Value, weight: TrainedMatrix, shape: LogitShape) {
    this.#machine = machine;
    this.#states = states;
    this.#weight = weight;
    this.#shape = shape;
    const most = states.maxRows;
    this.#rows = Math.min(most, Math.max(24, Math.floor(LOGIT_BYTES / (4 * weight.rows))));
    this.#logits = machine.allocate(4 * this.#rows * weight.rows);
    this.#targets = machine.allocate(4 * most);
    this.#measures = machine.allocate(12 * most);
    this.#plans = machine.allocate(12 * most);
  }

  /** Cross-entropies of this pass. Nothing learns. */
  score(targets: Int32Array): Judged {
    return this.#run(targets, undefined);
  }

  /** The same, and the gradients of sum over rows of weight (crossEntropy + z logSumExp^2). */
  learn(given: Targets): Judged {
    return this.#run(given.targets, given);
  }

  #run(targets: Int32Array, given: Targets | undefined): Judged {
    const machine = this.#machine;
    const { kernels, f32, i32 } = machine;
    const states = this.#states;
    const weight = this.#weight;
    const { rows: vocabulary, cols, bias, gradient } = weight;
    const adds = given !== undefined && states.learns && states.addsNext();
    if (machine.rank === 0) i32.set(targets, this.#targets / 4);
    machine.barrier();
    for (let first = 0; first < states.rows; first += this.#rows) {
      const rows = Math.min(this.#rows, states.rows - first);
      const from = { address: states.address + 4 * first * cols, stride: cols };
      const logits = { address: this.#logits, stride: vocabulary };
      multiplyRows(machine, from, weight, { rows, y: logits });
      if (bias) {
        if (weight.packed) machine.barrier();
        const part = machine.cut(rows, vocabulary);
        const at = this.#logits + 4 * (part.row * vocabulary + part.column);
        kernels.add_rows(at, vocabulary, part.rows, part.columns, bias.address + 4 * part.column);
      }
      machine.barrier();
      const [start, end] = machine.share(rows);
      if (end > start) this.#judge(first + start, end - start, this.#logits + 4 * start * vocabulary, given);
      machine.barrier();
      if (!given) continue;
      if (states.learns) {
        const to = { address: states.gradient + 4 * first * cols, stride: cols };
        multiplyColumns(machine, logits, weight, { rows, x: to, add: adds });
      }
      if (gradient !== 0) {
        const of = { ...logits, byColumns: true };
        const to = { address: gradient, stride: cols };
        machine.multiply(of, { ...from, byColumns: true }, [vocabulary, cols, rows], to, true);
      }
      if (bias && bias.gradient !== 0) {
        const [left, right] = machine.share(vocabulary, 4);
        kernels.add_columns(
          this.#logits + 4 * left,
          vocabulary,
          rows,
          right - left,
          bias.gradient + 4 * left,
        );
      }
      machine.barrier();
    }
    return this.#read(targets, f32);
  }

  /** Measures rows of logits, and turns them into gradients where something learns. */
  #judge(row: number, rows: number, logits: number, given: Targets | undefined): void {
    const { kernels, f32 } = this.#machine;
    const { scale, softcap } = this.#shape;
    const { rows: vocabulary } = this.#weight;
    const targets = this.#targets + 4 * row;
    const measures = this.#measures + 12 * row;
    kernels.measure_logits(logits, vocabulary, rows, vocabulary, targets, scale, softcap, measures);
    if (!given) return;
    const plans = this.#plans + 12 * row;
    for (let r = 0; r < rows; r++) {
      const [top, total] = [f32[measures / 4 + 3 * r], f32[measures / 4 + 3 * r + 1]];
      const weight = given.targets[row + r] < 0 ? 0 : given.weights[row + r];
      const logSum = top + Math.log(total);
      f32[plans / 4 + 3 * r] = top;
      f32[plans / 4 + 3 * r + 1] = (weight * (1 + 2 * given.z * logSum)) / total;
      f32[plans / 4 + 3 * r + 2] = weight;
    }
    kernels.logit_gradients(logits, vocabulary, rows, vocabulary, targets, plans, scale, softcap);
  }

  #read(targets: Int32Array, f32: Float32Array): Judged {
    const crossEntropy = new Float64Array(targets.length);
    const logSumExp = new Float64Array(targets.length);
    for (let row = 0; row < targets.length; row++) {
      if (targets[row] < 0) continue;
      const at = this.#measures / 4 + 3 * row;
      logSumExp[row] = f32[at] + Math.log(f32[at + 1]);
      crossEntropy[row] = logSumExp[row] - f32[at + 2];
    }
    return { crossEntropy, logSumExp };
  }
}
