// Asks a model for one value of a schema: a local model or an endpoint, by chat or by text.
import type { ChatMessage, ChatOptions, GenerateOptions } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";

/** What is said before the answer. */
export interface Question {
  readonly system: string;
  readonly request: string;
  /** What was planned so far, in lines that each end. */
  readonly state: string;
}

/** Answers in JSON, held to the schema as far as the model can be. */
export type Ask = (question: Question, schema: JsonSchema) => Promise<string>;

interface Event {
  readonly type: string;
  readonly text?: string;
}

/** A model that can be asked, local or at an endpoint. */
export interface PlanningModel {
  readonly tokenizer?: { readonly chatTemplate?: unknown };
  chat(messages: readonly ChatMessage[], options?: ChatOptions): AsyncIterable<Event>;
  complete(prompt: string, options?: GenerateOptions): AsyncIterable<Event>;
}

const MOST_TOKENS = 800;

/** One that does not chat was taught the planner's own texts, if it was taught to plan at all. */
export const chats = ({ tokenizer }: PlanningModel): boolean =>
  tokenizer === undefined || tokenizer.chatTemplate !== undefined;

/** One without a chat template goes on with a text. */
export function asking(model: PlanningModel, options: GenerateOptions = {}): Ask {
  return async ({ system, request, state }, schema) => {
    const asked = { maxTokens: MOST_TOKENS, temperature: 0, constraint: { schema }, ...options };
    const events = chats(model)
      ? model.chat(
          [
            { role: "system", content: system },
            { role: "user", content: `${request}\n\n${state}` },
          ],
          asked,
        )
      : model.complete(`${system}\n\n${request}\n\n${state}`, asked);
    let text = "";
    for await (const event of events) if (event.type === "text-delta") text += event.text ?? "";
    return text;
  };
}
