// One question to a model, and its arguments as results files have them.
import type { RawConfig } from "./load-yaml.ts";

/** One question to a model. */
export type EvalRequest =
  | { readonly kind: "loglikelihood"; readonly context: string; readonly continuation: string }
  | { readonly kind: "loglikelihood_rolling"; readonly text: string }
  /** The mean loss of a whole text, with the tokens of `masked` at its beginning left out. */
  | { readonly kind: "prompt_loss"; readonly text: string; readonly masked: string }
  | { readonly kind: "generate_until"; readonly prompt: string; readonly settings: RawConfig };

/** The whole text that a request shows to a model. */
export function wholeText(request: EvalRequest): string {
  if (request.kind === "generate_until") return request.prompt;
  return request.kind === "loglikelihood" ? request.context + request.continuation : request.text;
}

/** The arguments as results files have them. */
export function argumentsOf(request: EvalRequest): unknown[] {
  switch (request.kind) {
    case "loglikelihood":
      return [request.context, request.continuation];
    case "loglikelihood_rolling":
      return [request.text];
    case "prompt_loss":
      return [request.text, request.masked];
    case "generate_until":
      return [request.prompt, request.settings];
  }
}
