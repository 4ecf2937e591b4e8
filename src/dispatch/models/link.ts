// What a linear predictor becomes: itself, or a probability.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";

/** 1 / (1 + exp(-x)). */
export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

const links: Readonly<Record<string, (x: number) => number>> = {
  identity: (x) => x,
  logit: logistic,
  log: Math.exp,
};

/** The inverse of a link by its name. */
export function readLink(name: unknown, where: string): (x: number) => number {
  const inverse = typeof name === "string" && Object.hasOwn(links, name) ? links[name] : undefined;
  if (inverse) return inverse;
  const known = Object.keys(links).join(", ");
  throw new BaimoError("format", `${where}: link ${brief(name)} is not known; known: ${known}`);
}
