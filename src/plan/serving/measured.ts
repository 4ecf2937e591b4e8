// What was measured on a machine, from `baimo bench --json`: efficiency is measured by bound.
import { BaimoError } from "../../errors.ts";
import { isPlain } from "../../options.ts";
import { type Input, measured } from "../quantity/quantity.ts";

/** Figures of one measurement. */
export interface Measurement {
  readonly model: string;
  readonly tokensPerSecond: Input<"token/second">;
  readonly promptTokensPerSecond: Input<"token/second">;
  /** Tokens in the cache while the measured ones were made, on average. */
  readonly context: Input<"token">;
  readonly peakMemory: Input<"byte">;
  readonly weights: Input<"byte">;
}

const longest = 200;

/**
 * Reads the document that `baimo bench --json` prints.
 * @throws {BaimoError} `format` naming the figure that is missing
 */
export function readMeasurement(document: unknown, title: string, date?: string): Measurement {
  const fields = isPlain(document) ? document : {};
  const figure = (key: string): number => {
    const value = fields[key];
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    throw new BaimoError(
      "format",
      `${title}: "${key}" should be a number above 0; is it what baimo bench --json prints?`,
    );
  };
  const source = { title, date };
  const [prompt, generated] = [figure("promptTokens"), figure("generatedTokens")];
  return {
    model: typeof fields.model === "string" ? fields.model.slice(0, longest) : "not named",
    tokensPerSecond: measured(
      "tokens a second, measured",
      figure("generatedTokensPerSecond"),
      "token/second",
      source,
    ),
    promptTokensPerSecond: measured(
      "tokens of a prompt a second, measured",
      figure("promptTokensPerSecond"),
      "token/second",
      source,
    ),
    context: measured("tokens in the cache, on average", prompt + generated / 2, "token", source),
    peakMemory: measured("peak memory, measured", figure("peakMemoryBytes"), "byte", source),
    weights: measured("bytes of weights", figure("weightBytes"), "byte", source),
  };
}
