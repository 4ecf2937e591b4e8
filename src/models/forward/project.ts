// The one way from the forward pass to a product with weights.
import type { Activation, Product } from "../../tensor/backend.ts";
import type { Pass } from "./model.ts";

/** y = x W^T (+ bias) for each pair: this rank's rows; x is prepared once for all. */
export function project({ backend }: Pass, x: Activation, ...products: readonly Product[]): void {
  backend.linear(x, products);
}
