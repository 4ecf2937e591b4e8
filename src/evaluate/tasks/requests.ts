// What a document asks of a model, in the order in which results files have it.
import { pythonText } from "../python/values.ts";
import { configError } from "./config-error.ts";
import type { Document } from "./document.ts";
import type { EvalRequest } from "./eval-request.ts";
import type { FieldReader } from "./fields.ts";
import type { TaskConfig } from "./task-config.ts";
import { endsWithSpace } from "./turns.ts";

/** Whether choices are scored without their question, too. */
export const asksUnconditionally = (config: TaskConfig): boolean =>
  config.metrics?.some(({ metric }) => metric === "acc_mutual_info") ?? false;

/**
 * The requests of a document.
 *
 * prompts  one, or one for each choice
 * isChat   whether the prompts went through a chat template
 */
export function buildRequests(
  document: Document,
  prompts: readonly string[],
  {
    config,
    fields,
    isChat,
    choicesAsked,
  }: {
    config: TaskConfig;
    fields: FieldReader;
    isChat: boolean;
    choicesAsked: boolean;
  },
): EvalRequest[] {
  const [prompt] = prompts;
  const scored = (context: string, continuation: string): EvalRequest => ({
    kind: "loglikelihood",
    context,
    continuation,
  });
  const target = (): string => {
    const value = fields.target(document);
    if (typeof value === "string") return value;
    throw configError(config.where, "doc_to_target", "must give a text for this output_type");
  };
  switch (config.outputType) {
    case "loglikelihood":
      return [scored(prompt, target())];
    case "loglikelihood_rolling":
      return [{ kind: "loglikelihood_rolling", text: target() }];
    case "generate_until":
      return [{ kind: "generate_until", prompt, settings: config.generationKwargs ?? {} }];
    case "multiple_choice": {
      const choices = fields.choices(document);
      const prefixed = config.genPrefix && !endsWithSpace(config.genPrefix);
      const delimiter = isChat && !prefixed ? "" : config.targetDelimiter;
      const answer = choicesAsked ? pythonText(fields.target(document)) : "";
      const asked = choicesAsked
        ? prompts.map((context) => scored(context, delimiter + answer))
        : choices.map((choice) => scored(prompt, delimiter + choice));
      if (!asksUnconditionally(config)) return asked;
      return asked.concat(choices.map((choice) => scored("", delimiter + choice)));
    }
  }
}
