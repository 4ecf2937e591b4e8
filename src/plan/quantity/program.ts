// A quantity as a program: its value for other values of some of its inputs.
import { BaimoError } from "../../errors.ts";
import { everyQuantity } from "./explain.ts";
import { formulaOf, type Input, type Quantity } from "./quantity.ts";

/** A quantity as a list of steps over slots. */
export interface Program<I extends Input> {
  /** What may be given other values, in the order of `run`'s. */
  readonly inputs: readonly I[];
  /** The quantity for these values of `inputs`. */
  readonly run: (values: readonly number[]) => number;
}

/**
 * Compiles a quantity.
 *
 * isFree  which of its inputs get other values
 * @throws {BaimoError} `request` where it is unknown
 */
export function compileProgram<I extends Input>(
  quantity: Quantity,
  isFree: (input: Quantity) => input is I,
): Program<I> {
  const all = everyQuantity([quantity]);
  const slotOf = new Map(all.map((each, slot) => [each, slot]));
  const slots = Float64Array.from(all, ({ value }) => value ?? Number.NaN);
  const free = all.flatMap((input, slot) => (isFree(input) ? [{ input, slot }] : []));
  const missing = all.find(({ origin }) => origin === "unknown");
  if (missing) throw new BaimoError("request", `${quantity.name} is unknown: ${missing.name} is missing`);
  const steps = all.flatMap((each, slot) => {
    if (each.origin !== "computed") return [];
    const from = Object.values(each.inputs).map((input) => slotOf.get(input)!); // walked
    return [{ formula: formulaOf(each), from, slot, values: new Float64Array(from.length) }];
  });
  const run = (drawn: readonly number[]) => {
    for (const [at, { slot }] of free.entries()) slots[slot] = drawn[at];
    for (const { formula, from, slot, values } of steps) {
      for (let i = 0; i < from.length; i++) values[i] = slots[from[i]];
      slots[slot] = formula(values);
    }
    return slots[slots.length - 1]; // the root comes last
  };
  return { inputs: free.map(({ input }) => input), run };
}
