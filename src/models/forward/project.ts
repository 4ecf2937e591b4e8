// The one way from the forward pass to a product with weights.
import type { Activation, Matrix, Product, Slice } from "../../tensor/backend.ts";
import { addAdapters } from "./adapters.ts";
import type { Pass } from "./model.ts";

/** y = x W^T (+ bias) for each pair, and what adapters add: this rank's rows; x is prepared once for all. */
export function project({ backend, adapted }: Pass, x: Activation, ...products: readonly Product[]): void {
  backend.linear(x, products);
  if (adapted.length > 0) addAdapters(backend, adapted, x, products);
}

/** The same of heads that have weights of their own: see `Backend.linearHeads`. */
export function projectHeads({ backend, adapted, config }: Pass, x: Slice, weight: Matrix, y: Slice): void {
  backend.linearHeads(x, weight, y, config.numHeads);
  if (adapted.length > 0) addAdapters(backend, adapted, x, [[weight, y]]);
}
