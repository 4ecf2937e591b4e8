// A mixture of experts made of a backend's own operations: choose, multiply, add up.
import { createRouter, type ExpertTokens, type Router } from "../kernels/ops/router.ts";
import type {
  Activation,
  Backend,
  Experts,
  Matrix,
  Mixture,
  MixtureShape,
  Slice,
} from "../tensor/backend.ts";

type Allocator = Pick<Backend, "ranks" | "allocate" | "allocateSlice">;

/** What a backend on the CPU does its mixtures with. */
export interface MixtureSteps extends Pick<Backend, "activate" | "gather" | "linear" | "takeRows"> {
  read(x: Activation): Float32Array;
  /** out = 0, with as many rows as `like`. */
  clear(out: Activation, like: Activation): void;
  /** out[rows[i]] += weights[i] * y[i] */
  addRows(out: Activation, y: Activation, rows: Int32Array, weights: Float32Array): void;
  /**
   * Told which matrices come next, in the order of their products, where some may still be in the file.
   *
   * sweep  most of the layer's experts are among them, so that all of the model's come round before one comes again
   */
  prefetch?(matrices: readonly Matrix[], options: { sweep: boolean }): void;
}

/** A router's choices, and the activations of one expert at a time. */
export class MixtureSpace implements Mixture {
  readonly shape: MixtureShape;
  readonly router: Router;
  readonly input: Activation;
  readonly gate: Slice;
  readonly up: Slice;
  readonly answer: Slice;

  constructor(backend: Allocator, shape: MixtureShape) {
    this.shape = shape;
    this.router = createRouter(shape.router);
    this.input = backend.allocate(shape.hiddenSize);
    this.gate = backend.allocateSlice(shape.inner);
    this.up = backend.allocateSlice(shape.inner);
    this.answer = backend.allocateSlice(shape.outer);
  }
}

/** `Backend.experts` in such steps. Ranks read the same logits, so that all choose alike. */
export function runExperts(
  steps: MixtureSteps,
  x: Activation,
  logits: Slice,
  { experts, selectionBias }: Experts,
  { shape, router, input, gate, up, answer }: MixtureSpace,
  out: Activation,
): void {
  const routes = router.route(steps.read(steps.gather(logits)), selectionBias);
  if (steps.prefetch) {
    const sweep = 2 * routes.length > experts.length;
    steps.prefetch(matricesOf(experts, routes), { sweep });
  }
  steps.clear(out, x);
  for (let i = 0; i < routes.length; i++) {
    const { expert, rows, weights } = routes[i];
    const matrices = experts[expert];
    steps.takeRows(x, rows, input);
    if (matrices.gate)
      steps.linear(input, [
        [matrices.gate, gate],
        [matrices.up, up],
      ]);
    else steps.linear(input, [[matrices.up, gate]]);
    steps.activate(shape.activation, gate, matrices.gate ? up : undefined, shape.activationLimit);
    steps.linear(steps.gather(gate), [[matrices.down, answer]]);
    steps.addRows(out, steps.gather(answer), rows, weights);
  }
}

/** In the order in which they are multiplied by. */
function matricesOf(experts: Experts["experts"], routes: readonly ExpertTokens[]): Matrix[] {
  return routes.flatMap(({ expert }) => {
    const { gate, up, down } = experts[expert];
    return gate ? [gate, up, down] : [up, down];
  });
}
