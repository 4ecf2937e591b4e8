// A mixture of experts: tokens brought to their experts, answers weighed, and all of it back.
import { BaimoError } from "../../../errors.ts";
import {
  type BalanceWeights,
  balanceLosses,
  knobWithoutBackward,
  type RouterChoices,
  routerBackward,
  scoreLogits,
} from "../../../kernels/backward/router-backward.ts";
import { activationNumber } from "../../../kernels/ops/activate.ts";
import { createRouter } from "../../../kernels/ops/router.ts";
import type { Experts, MixtureShape } from "../../../tensor/backend.ts";
import type { Operand } from "../machine.ts";
import type { Operation } from "../operation.ts";
import { multiplyColumns, multiplyRows } from "../products.ts";
import type { Tape } from "../tape.ts";
import { matrixOf, type TrainedMatrix, type Value } from "../value.ts";

export interface ExpertsOperation extends Operation {
  readonly output: Value;
  /** What this pass adds to the loss for balance. */
  weights: BalanceWeights;
  readonly losses: { balance: number; z: number };
}

/** Neighbouring rows of one expert among those that were brought together. */
interface Part {
  readonly expert: number;
  readonly first: number;
  readonly count: number;
}

/** out = the weighted sum of the answers of each token's experts, added in the order of experts. */
export function createExperts(
  tape: Tape,
  x: Value,
  logits: Value,
  { experts, selectionBias }: Experts,
  { router: config, activation, activationLimit, inner: innerPartition }: MixtureShape,
): ExpertsOperation {
  const knob = knobWithoutBackward(config);
  if (knob) throw new BaimoError("config", `${knob} has no backward pass; this model cannot be trained`);
  const { machine } = tape;
  const { kernels } = machine;
  const matrices = experts.map(({ gate, up, down }) => ({
    gate: gate && matrixOf(gate),
    up: matrixOf(up),
    down: matrixOf(down),
  }));
  const all = matrices.flatMap(({ gate, up, down }) => (gate ? [gate, up, down] : [up, down]));
  if (all.some(({ bias }) => bias))
    throw new BaimoError("config", "experts with biases have no backward pass; this model cannot be trained");
  const gated = matrices[0].gate !== undefined;
  const learns = x.learns || all.some((matrix) => matrix.learns);
  const hidden = x.width;
  const width = innerPartition[innerPartition.length - 1];
  const most = tape.maxTokens * config.perToken;
  const room = (columns: number) => tape.value(columns, learns, most);
  const output = tape.value(hidden, learns);
  const [brought, answers] = [room(hidden), room(hidden)];
  // Without a gate the activation is of what goes up.
  const [first, second, active] = [room(width), room(width), room(width)];
  const [dAnswers, dActive, dWeights] = [room(hidden), room(width), room(1)];
  const router = createRouter(config);
  const number = activationNumber(activation);
  let parts: Part[] = [];
  let rows = new Int32Array(0);
  let weights = new Float32Array(0);
  let choices: RouterChoices | undefined;
  /** Where the i-th choice of a token stands among the rows that were brought. */
  let slots = new Int32Array(0);

  const choose = () => {
    const { f32 } = machine;
    const values = f32.slice(logits.address / 4, logits.address / 4 + logits.count);
    const tokens = logits.rows;
    const routes = router.route(values, selectionBias);
    parts = [];
    rows = new Int32Array(tokens * config.perToken);
    weights = new Float32Array(rows.length);
    slots = new Int32Array(rows.length);
    const chosen = new Int32Array(rows.length);
    const next = new Int32Array(tokens);
    let at = 0;
    for (const route of routes) {
      parts.push({ expert: route.expert, first: at, count: route.rows.length });
      rows.set(route.rows, at);
      weights.set(route.weights, at);
      for (const row of route.rows) {
        const place = row * config.perToken + next[row]++;
        chosen[place] = route.expert;
        slots[place] = at++;
      }
    }
    choices = { ...scoreLogits(config, values), experts: chosen };
  };

  const part = (value: Value, { first }: Part): Operand => ({
    address: value.address + 4 * first * value.width,
    stride: value.width,
  });
  const byColumns = (operand: Operand): Operand => ({ ...operand, byColumns: true });
  /** y (+)= x W^T over a part. */
  const product = (each: Part, from: Value, weight: TrainedMatrix, to: Value) => {
    multiplyRows(machine, part(from, each), weight, { rows: each.count, y: part(to, each) });
  };
  const back = (each: Part, from: Value, weight: TrainedMatrix, to: Value, add: boolean) => {
    multiplyColumns(machine, part(from, each), weight, { rows: each.count, x: part(to, each), add });
  };
  const learn = (each: Part, d: Value, from: Value, weight: TrainedMatrix) => {
    if (weight.gradient === 0) return;
    const to = { address: weight.gradient, stride: weight.cols };
    const sizes = [weight.rows, weight.cols, each.count] as const;
    machine.multiply(byColumns(part(d, each)), byColumns(part(from, each)), sizes, to, true);
  };
  const activate = () => {
    const [from, to] = machine.share(rows.length * width, 16);
    const skip = 4 * from;
    machine.f32.copyWithin(active.address / 4 + from, first.address / 4 + from, first.address / 4 + to);
    const up = gated ? second.address + skip : 0;
    kernels.activate(number, active.address + skip, to - from, up, to - from, 1, to - from, activationLimit);
  };
  /** Adds rows that were brought together to those of the tokens that they belong to: this rank's tokens. */
  const scatter = (from: Value, to: number, factors: Float32Array | undefined) => {
    const [start, end] = machine.share(output.rows);
    for (let i = 0; i < rows.length; i++) {
      if (rows[i] < start || rows[i] >= end) continue;
      const source = from.address + 4 * i * hidden;
      kernels.scale_add(to + 4 * rows[i] * hidden, source, factors ? factors[i] : 1, hidden);
    }
  };
  const clear = (address: number) => {
    const [start, end] = machine.share(output.rows);
    machine.f32.fill(0, address / 4 + start * hidden, address / 4 + end * hidden);
  };

  return {
    name: "experts",
    reads: [x, logits],
    writes: [output],
    keeps: [logits],
    between: [brought, first, second, active, answers],
    behind: [dAnswers, dActive, dWeights],
    output,
    weights: { balance: 0, z: 0 },
    losses: { balance: 0, z: 0 },
    forward() {
      choose();
      if (choices) Object.assign(this.losses, balanceLosses(config, choices, this.weights));
      const { f32 } = machine;
      const [from, to] = machine.share(rows.length);
      for (let i = from; i < to; i++) {
        const source = x.address / 4 + rows[i] * hidden;
        f32.copyWithin(brought.address / 4 + i * hidden, source, source + hidden);
      }
      machine.barrier();
      for (const each of parts) {
        const { gate, up } = matrices[each.expert];
        product(each, brought, gate ?? up, first);
        if (gate) product(each, brought, up, second);
      }
      machine.barrier();
      activate();
      machine.barrier();
      for (const each of parts) product(each, active, matrices[each.expert].down, answers);
      machine.barrier();
      clear(output.address);
      scatter(answers, output.address, weights);
    },
    backward() {
      const { f32 } = machine;
      const [from, to] = machine.share(rows.length);
      for (let i = from; i < to; i++) {
        const source = output.gradient + 4 * rows[i] * hidden;
        let sum = 0;
        for (let c = 0; c < hidden; c++) {
          sum += f32[source / 4 + c] * f32[answers.address / 4 + i * hidden + c];
        }
        f32[dWeights.address / 4 + i] = sum;
        kernels.combine(source, source, weights[i], 0, dAnswers.address + 4 * i * hidden, hidden);
      }
      machine.barrier();
      for (const each of parts) {
        const { down } = matrices[each.expert];
        back(each, dAnswers, down, dActive, false);
        learn(each, dAnswers, active, down);
      }
      machine.barrier();
      const [start, end] = machine.share(rows.length * width, 16);
      const skip = 4 * start;
      // The gradients take the places of what they belong to.
      kernels.activate_backward(
        number,
        first.address + skip,
        gated ? second.address + skip : 0,
        dActive.address + skip,
        end - start,
        activationLimit,
        first.address + skip,
        gated ? second.address + skip : 0,
      );
      machine.barrier();
      for (const each of parts) {
        const { gate, up } = matrices[each.expert];
        back(each, first, gate ?? up, answers, false);
        learn(each, first, brought, gate ?? up);
        if (!gate) continue;
        back(each, second, up, answers, true);
        learn(each, second, brought, up);
      }
      machine.barrier();
      if (x.learns) {
        if (!x.addsNext()) clear(x.gradient);
        scatter(answers, x.gradient, undefined);
      }
      if (logits.learns && choices) {
        const ofChoices = Float32Array.from(slots, (slot) => f32[dWeights.address / 4 + slot]);
        const adds = logits.addsNext();
        if (adds) throw new Error("router logits have another reader");
        const into = f32.subarray(logits.gradient / 4, logits.gradient / 4 + logits.count);
        routerBackward(config, choices, ofChoices, this.weights, into, machine.share(logits.rows));
      }
    },
  };
}
