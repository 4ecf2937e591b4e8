// What a quantity becomes while one of its inputs moves and the others stay.
import { compileProgram } from "./program.ts";
import type { Input, Quantity } from "./quantity.ts";

/**
 * A quantity's values for these values of the inputs of that name; null where the formula gives no number.
 * @throws {BaimoError} `request` where the quantity is unknown
 */
export function sweep(quantity: Quantity, name: string, values: readonly number[]): (number | null)[] {
  const isMoved = (input: Quantity): input is Input => input.origin !== "computed" && input.name === name;
  const { inputs, run } = compileProgram(quantity, isMoved);
  return values.map((value) => {
    const result = run(inputs.map(() => value));
    return Number.isFinite(result) ? result : null;
  });
}
