// The prompt of a document: description, examples, question, as text or through a chat template.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { configError } from "./config-error.ts";
import type { Document } from "./document.ts";
import type { FieldReader } from "./fields.ts";
import type { FewshotSampler } from "./samplers.ts";
import type { TaskConfig } from "./task-config.ts";
import {
  type ChatRenderer,
  delimited,
  joinTurns,
  type Turn,
  toConversation,
  toOneTurn,
  turnsOf,
} from "./turns.ts";

/** How a run writes prompts. */
export interface PromptSettings {
  readonly numFewshot: number;
  readonly systemInstruction: string | null;
  /** Left out: prompts are plain text. */
  readonly chat?: ChatRenderer;
  readonly fewshotAsMultiturn: boolean;
}

/** What of a task prompts are made of. */
export interface PromptSource {
  readonly config: TaskConfig;
  readonly fields: FieldReader;
  readonly sampler: FewshotSampler;
  /** The question is the number of a choice, and each choice is a question of its own. */
  readonly choicesAsked: boolean;
}

/** One prompt, or one for each choice. */
export function buildPrompts(document: Document, source: PromptSource, settings: PromptSettings): string[] {
  const { config, fields } = source;
  const prefix = fields.prefix(document);
  const turns = [...openingTurns(document, source, settings), ...exampleTurns(document, source, settings)];
  const question = (text: string, targetDelimiter: string): string => {
    const asked = turnsOf({ question: text, prefix, targetDelimiter, fewshotDelimiter: "" }, null);
    return writeTurns(turns.concat(asked), settings, Boolean(prefix));
  };
  if (source.choicesAsked) return fields.choices(document).map((choice) => question(choice, ""));
  return [question(textOf(fields.text(document), config, "doc_to_text"), config.targetDelimiter)];
}

function openingTurns(
  document: Document,
  { config, fields }: PromptSource,
  settings: PromptSettings,
): Turn[] {
  const description = fields.resolve(document, config.description);
  const content = delimited(settings.systemInstruction, description, config.fewshotDelimiter);
  return content === "" ? [] : [{ role: "system", content, delimiter: "" }];
}

function exampleTurns(document: Document, source: PromptSource, { numFewshot }: PromptSettings): Turn[] {
  if (numFewshot === 0) return [];
  const { config, fields, sampler } = source;
  const { fewshot } = config;
  const examples = sampler.sample(numFewshot, fewshot.split === config.testSplit ? document : null);
  return examples.flatMap((example) => {
    let question = fields.text(example, fewshot.docToText);
    let choices = fewshot.docToChoice === null ? null : fields.choices(example, fewshot.docToChoice);
    const target = fields.target(example, fewshot.docToTarget);
    if (source.choicesAsked) {
      question = choices?.[Number(question)];
      choices = null;
    }
    const answer = answerOf(target, choices, config);
    return turnsOf(
      {
        question: textOf(question, config, "fewshot_config.doc_to_text"),
        prefix: fields.resolve(example, fewshot.genPrefix) || null,
        targetDelimiter: fewshot.targetDelimiter,
        fewshotDelimiter: fewshot.fewshotDelimiter,
      },
      answer,
    );
  });
}

/** An example's answer; null where the document has none. */
function answerOf(target: unknown, choices: readonly string[] | null, config: TaskConfig): string | null {
  if (target === null || target === undefined || target === "") return null;
  const number = typeof target === "boolean" ? Number(target) : target;
  if (choices && choices.length > 0 && typeof number === "number" && Number.isInteger(number)) {
    const choice = choices.at(number);
    if (choice !== undefined) return choice;
    throw configError(
      config.where,
      "doc_to_target",
      `gives the choice ${number} of ${choices.length} in an example`,
    );
  }
  return textOf(Array.isArray(target) ? target[0] : target, config, "doc_to_target");
}

function textOf(value: unknown, config: TaskConfig, key: string): string {
  if (typeof value === "string") return value;
  throw configError(config.where, key, `gave ${brief(value)} where a text is needed`);
}

function writeTurns(turns: readonly Turn[], settings: PromptSettings, continued: boolean): string {
  const { chat } = settings;
  if (!chat) return joinTurns(turns);
  const messages = settings.fewshotAsMultiturn ? toConversation(turns) : toOneTurn(turns);
  try {
    return chat(messages, continued);
  } catch (cause) {
    // A template without a system role is tried without it, as lm-evaluation-harness does.
    const others = messages.filter(({ role }) => role !== "system");
    if (!(cause instanceof BaimoError) || others.length === messages.length) throw cause;
    return chat(others, continued);
  }
}
