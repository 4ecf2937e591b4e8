// One operation of a pass: what it reads, writes and keeps, how it runs and how it is gone back.
import type { Value } from "./value.ts";

/** One operation of a pass. */
export interface Operation {
  readonly name: string;
  readonly reads: readonly Value[];
  readonly writes: readonly Value[];
  /** Those of both whose values the backward pass reads. */
  readonly keeps: readonly Value[];
  /** Room that the forward pass leaves to the backward pass. */
  readonly between?: readonly Value[];
  /** Room that the backward pass alone takes. */
  readonly behind?: readonly Value[];
  /** A value that may take the place of the one read, where nobody reads that later; the operation copies it elsewhere. */
  readonly inPlace?: { readonly from: Value; readonly to: Value };
  /** The gradient of what is written becomes the gradient of what is read, as it is, where both may share room. */
  readonly passes?: { readonly from: Value; readonly to: Value };
  forward(): void;
  /** Adds to the gradients of what learns among `reads` and of weights. */
  backward(): void;
}
