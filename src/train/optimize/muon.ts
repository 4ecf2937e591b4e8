// Muon: momentum made orthogonal by Newton-Schulz steps (Jordan 2024; arXiv:2502.16982).
import type { Learned } from "../parameters.ts";
import type { Machine, Operand } from "../tape/machine.ts";
import { SquareSum } from "./norms.ts";

export interface MuonOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** "original": sqrt(max(1, rows / columns)); "match-rms-adamw": 0.2 sqrt(max(rows, columns)). */
  readonly scale: "original" | "match-rms-adamw";
  readonly steps?: number;
  readonly eps?: number;
  readonly coefficients?: readonly [number, number, number];
}

/** Steps matrices; rows are outputs. */
export class Muon {
  readonly #machine: Machine;
  readonly #options: MuonOptions;
  /** Room for a matrix twice, and for the products of its shorter side twice. */
  readonly #x: number;
  readonly #next: number;
  readonly #square: number;
  readonly #polynomial: number;
  readonly #norms = new Map<string, SquareSum>();

  constructor(machine: Machine, matrices: readonly Learned[], options: MuonOptions) {
    this.#machine = machine;
    this.#options = options;
    const most = (size: (each: Learned) => number) => Math.max(0, ...matrices.map(size));
    const whole = 4 * most(({ rows, cols }) => rows * cols);
    const side = 4 * most(({ rows, cols }) => Math.min(rows, cols) ** 2);
    [this.#x, this.#next] = [machine.allocate(whole), machine.allocate(whole)];
    [this.#square, this.#polynomial] = [machine.allocate(side), machine.allocate(side)];
    for (const { rows, cols } of matrices) {
      const count = rows * cols;
      const key = String(count);
      if (!this.#norms.has(key)) this.#norms.set(key, new SquareSum(machine, [{ address: this.#x, count }]));
    }
  }

  /** One step of a matrix; `by` multiplies its gradient, `rate` the learning rate. */
  step(each: Learned, by: number, rate: number): void {
    const machine = this.#machine;
    const { kernels } = machine;
    const { rows, cols, address, gradient, moments } = each;
    const { lr, momentum, nesterov, weightDecay, scale } = this.#options;
    const [from, to] = machine.share(rows * cols, 16);
    const skip = 4 * from;
    const count = to - from;
    const [m, g, x] = [moments[0] + skip, gradient + skip, this.#x + skip];
    kernels.combine(m, g, momentum, (1 - momentum) * by, m, count);
    if (nesterov) kernels.combine(m, g, momentum, (1 - momentum) * by, x, count);
    else kernels.combine(m, m, 1, 0, x, count);
    machine.barrier();
    const orthogonal = this.orthogonalize(rows, cols);
    const size =
      scale === "original" ? Math.sqrt(Math.max(1, rows / cols)) : 0.2 * Math.sqrt(Math.max(rows, cols));
    const p = address + skip;
    kernels.combine(p, orthogonal + skip, 1 - lr * rate * weightDecay, -lr * rate * size, p, count);
    machine.barrier();
  }

  /** Where `orthogonalize` reads its matrix. */
  get input(): number {
    return this.#x;
  }

  /** Newton-Schulz steps over the matrix [rows, cols] at `input`, its shorter side inside. Returns where the result lies. */
  orthogonalize(rows: number, cols: number): number {
    const machine = this.#machine;
    const { kernels } = machine;
    const { steps = 5, eps = 1e-7, coefficients: [a, b, c] = [3.4445, -4.775, 2.0315] } = this.#options;
    const [from, to] = machine.share(rows * cols, 16);
    const norm = Math.sqrt(this.#norms.get(String(rows * cols))?.sum() ?? 0);
    kernels.scale(this.#x + 4 * from, 1 / (norm + eps), to - from);
    machine.barrier();
    const isTall = rows > cols;
    const side = Math.min(rows, cols);
    const square: Operand = { address: this.#square, stride: side };
    const polynomial: Operand = { address: this.#polynomial, stride: side };
    const [first, last] = machine.share(side * side, 16);
    let [x, next] = [this.#x, this.#next];
    for (let i = 0; i < steps; i++) {
      // Of a tall matrix X^T X, of another X X^T.
      const own = { address: x, stride: cols, byColumns: isTall };
      machine.multiply(own, own, [side, side, isTall ? rows : cols], square, false);
      machine.barrier();
      machine.multiply(square, square, [side, side, side], polynomial, false);
      machine.barrier();
      const p = this.#polynomial + 4 * first;
      kernels.combine(this.#square + 4 * first, p, b, c, p, last - first);
      machine.barrier();
      const of = { address: x, stride: cols };
      const to = { address: next, stride: cols };
      // The polynomial is symmetric: its rows are its columns.
      if (isTall) machine.multiply(of, polynomial, [rows, cols, cols], to, false);
      else machine.multiply(polynomial, { ...of, byColumns: true }, [rows, cols, rows], to, false);
      machine.barrier();
      const [start, end] = machine.share(rows * cols, 16);
      kernels.combine(x + 4 * start, next + 4 * start, a, 1, next + 4 * start, end - start);
      machine.barrier();
      [x, next] = [next, x];
    }
    return x;
  }
}
