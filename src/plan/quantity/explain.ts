// Walks down a quantity: what it rests on, what was assumed, what is missing, what is rumour.
import type { Computed, Input, Quantity } from "./quantity.ts";

/** Every quantity below some, each once, the deepest first. */
export function everyQuantity(roots: readonly Quantity[]): Quantity[] {
  const seen = new Set<Quantity>();
  const visit = (quantity: Quantity) => {
    if (seen.has(quantity)) return;
    if (quantity.origin === "computed") for (const input of Object.values(quantity.inputs)) visit(input);
    seen.add(quantity);
  };
  for (const root of roots) visit(root);
  return [...seen];
}

/** The inputs of one origin below some quantities; alike ones once. */
export function inputsOf(roots: readonly Quantity[], origin: Input["origin"]): Input[] {
  const found = new Map<string, Input>();
  for (const quantity of everyQuantity(roots)) {
    if (quantity.origin === origin) found.set(JSON.stringify(quantity), quantity as Input);
  }
  return [...found.values()];
}

/** Whether a quantity rests on a rumour. */
export const restsOnRumour = (quantity: Quantity): boolean => inputsOf([quantity], "rumour").length > 0;

/** A quantity in a flat list: its inputs are places in the list. */
export type FlatQuantity =
  | Input
  | (Omit<Computed, "inputs"> & { readonly inputs: Readonly<Record<string, number>> });

/** Quantities as a list without repetition, for JSON: a tree would repeat what is used twice. */
export function flatten(roots: readonly Quantity[]): {
  readonly results: readonly number[];
  readonly quantities: readonly FlatQuantity[];
} {
  const all = everyQuantity(roots);
  const place = new Map(all.map((quantity, index) => [quantity, index]));
  const quantities = all.map((quantity): FlatQuantity => {
    if (quantity.origin !== "computed") return quantity;
    const { name, value, unit, origin, formula, source, note } = quantity;
    const inputs = Object.fromEntries(
      Object.entries(quantity.inputs).map(([key, input]) => [key, place.get(input)!]), // walked, so it has a place
    );
    return { name, value, unit, origin, formula, inputs, source, note };
  });
  return { results: roots.map((root) => place.get(root)!), quantities };
}

/**
 * What is wrong with an explanation, as lines: a figure without source or reason, a computed one that its formula does not
 * give. Empty for every result of this library.
 */
export function findBare(roots: readonly Quantity[]): string[] {
  return everyQuantity(roots).flatMap((quantity) => {
    const { name, origin, note } = quantity;
    if (origin === "computed" || origin === "given" || origin === "unknown") return [];
    if (origin === "assumed") return note ? [] : [`${name}: assumed without a reason`];
    return quantity.source?.title ? [] : [`${name}: ${origin} without a source`];
  });
}
