// How answers of the application are made: the engine's options by its own names, without defaults.
import { generateTable } from "../../generate/options.ts";
import type { ChatOptions } from "../../generate/types.ts";
import { fields, text } from "../../option-kinds.ts";
import { type Kind, readOptions } from "../../options.ts";
import { effortVariables } from "../requests/chat-request.ts";
import { asClient } from "../requests/fields.ts";

/** The same kind without its default, so that what was not said can come from elsewhere. */
const optional = <T>({ kind, allowed, schema, read }: Kind<T>): Kind<T> => ({ kind, allowed, schema, read });

const own = generateTable();

const answerOptionsTable = {
  maxTokens: optional(own.maxTokens),
  temperature: optional(own.temperature),
  topK: optional(own.topK),
  topP: optional(own.topP),
  minP: optional(own.minP),
  typicalP: optional(own.typicalP),
  repetitionPenalty: optional(own.repetitionPenalty),
  presencePenalty: optional(own.presencePenalty),
  frequencyPenalty: optional(own.frequencyPenalty),
  seed: optional(own.seed),
  stop: optional(own.stop),
  effort: text({ most: 64 }),
};

export const answerOptions = fields(answerOptionsTable);

/** The options of an answer: of several sources, the later before the earlier. */
export function toChatOptions(sources: readonly (object | undefined)[], templates: string): ChatOptions {
  const merged = Object.assign({}, ...sources.map(withoutNothing));
  const { effort, ...options } = readOptions(merged, answerOptionsTable, asClient);
  const templateVariables = effort === undefined ? undefined : effortVariables(effort, templates, "effort");
  return { ...options, templateVariables, readAnswer: true };
}

const withoutNothing = (options: object = {}) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
