// An AI 1.0 model: figures from named features within a domain, or the reason why there are none.

/** One row's features, by name. */
export type Features = Readonly<Record<string, unknown>>;

/** What a model says of one row. */
export type Prediction =
  | { readonly values: Readonly<Record<string, number | boolean>> }
  | { readonly outOfDomain: OutOfDomain };

/** Why there is no figure. */
export interface OutOfDomain {
  readonly feature: string;
  readonly found: string;
  readonly allowed: string;
}

/** A model that scores rows. */
export interface Predictor {
  readonly task: "predict";
  /** What a row is: named features, or a text. */
  readonly input: "features" | "text";
  /** The features that a row must have. */
  readonly features: readonly string[];
  /** What it says, by name. */
  readonly outputs: readonly string[];
  predict(row: unknown): Prediction | Promise<Prediction>;
}

/** One step of a forecast; the bounds hold 95 of 100 times, by the model's own errors. */
export interface ForecastStep {
  readonly value: number;
  readonly lower95: number;
  readonly upper95: number;
}

/** A model that goes on with a series. */
export interface Forecaster {
  readonly task: "forecast";
  /** The fewest values that it can begin from. */
  readonly least: number;
  forecast(series: readonly number[], horizon: number): ForecastStep[];
}

/** The standard normal distribution's 97.5% point. */
export const Z_95 = 1.959963984540054;
