// Tells models that run here from those at an endpoint.
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { LanguageModel, Model } from "./types.ts";

/** Whether a model runs here: it has an engine, a tokenizer, a configuration. */
export const runsHere = (model: LanguageModel): model is Model => "engine" in model;

/** The tokenizer of a model that runs here. */
export const tokenizerOf = (model: LanguageModel): Tokenizer | undefined =>
  runsHere(model) ? model.tokenizer : undefined;
