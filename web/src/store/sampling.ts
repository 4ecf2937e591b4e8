// Everything a reader may choose of how an answer is made, as one table: ranges are the engine's.

/** How answers are made; what is absent is left to the server. */
export interface Sampling {
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  typicalP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  maxTokens?: number;
  seed?: number;
  /** Texts at which an answer ends. */
  stop?: string[];
  onFull?: "shift";
  speculation?: "lookup";
  effort?: "none" | "low" | "medium" | "high";
}

/** The choices that are a number. */
export type NumberName = Exclude<keyof Sampling, "stop" | "onFull" | "speculation" | "effort">;

/** A number within bounds; `standard` is what the server takes where none is given. */
export interface NumberField {
  name: NumberName;
  /** Its name in a request. */
  wire: string;
  min: number;
  max: number;
  step: number;
  standard?: number;
  /** A bound that the slider stops at, where the engine would take more. */
  usual?: number;
}

export const numberFields: readonly NumberField[] = [
  { name: "temperature", wire: "temperature", min: 0, max: 100, usual: 2, step: 0.05, standard: 0.8 },
  { name: "topP", wire: "top_p", min: 0.01, max: 1, step: 0.01, standard: 0.95 },
  { name: "topK", wire: "top_k", min: 0, max: 2 ** 31 - 1, usual: 200, step: 1, standard: 0 },
  { name: "minP", wire: "min_p", min: 0, max: 1, step: 0.01, standard: 0 },
  { name: "typicalP", wire: "typical_p", min: 0.01, max: 1, step: 0.01, standard: 1 },
  {
    name: "repetitionPenalty",
    wire: "repetition_penalty",
    min: 0.1,
    max: 100,
    usual: 2,
    step: 0.01,
    standard: 1,
  },
  {
    name: "presencePenalty",
    wire: "presence_penalty",
    min: -100,
    max: 100,
    usual: 2,
    step: 0.05,
    standard: 0,
  },
  {
    name: "frequencyPenalty",
    wire: "frequency_penalty",
    min: -100,
    max: 100,
    usual: 2,
    step: 0.05,
    standard: 0,
  },
  { name: "maxTokens", wire: "max_tokens", min: 1, max: 2 ** 31 - 1, step: 1 },
  { name: "seed", wire: "seed", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1 },
];

const efforts = ["none", "low", "medium", "high"] as const;
const MOST_STOPS = 64;

/** Whether this is a number that the field takes. */
export function fits(field: NumberField, value: unknown): value is number {
  const whole = field.step !== 1 || Number.isSafeInteger(value);
  return typeof value === "number" && whole && value >= field.min && value <= field.max;
}

/** The sampling of an object that may hold anything; what is damaged is left out. */
export function readSampling(stored: Record<string, unknown>): Sampling {
  const sampling: Sampling = {};
  for (const field of numberFields) {
    const value = stored[field.name];
    if (fits(field, value)) sampling[field.name] = value;
  }
  if (Array.isArray(stored.stop)) {
    const stops = stored.stop.filter((text): text is string => typeof text === "string" && text !== "");
    if (stops.length > 0) sampling.stop = stops.slice(0, MOST_STOPS);
  }
  if (stored.onFull === "shift") sampling.onFull = "shift";
  if (stored.speculation === "lookup") sampling.speculation = "lookup";
  const effort = efforts.find((one) => one === stored.effort);
  if (effort) sampling.effort = effort;
  return sampling;
}

/** The same as fields of a request. */
export function toFields(sampling: Sampling): Record<string, unknown> {
  const numbers = numberFields.map(({ name, wire }) => [wire, sampling[name]]);
  return {
    ...Object.fromEntries(numbers),
    stop: sampling.stop,
    on_full: sampling.onFull,
    speculation: sampling.speculation,
    reasoning_effort: sampling.effort,
  };
}
