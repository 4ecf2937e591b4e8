// The answer of a running model: text and tokens to events of reasoning, content and tool calls.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { ChatEvent, Finish, GeneratedToken, GenerateEvent } from "../types.ts";
import { type AnswerEvent, createAnswerReader, endsInReasoning } from "./answer-reader.ts";
import type { AnswerFormat } from "./format.ts";
import type { Schema } from "./raw-value.ts";

/** Tokens at the end of a prompt among which a mark that opens reasoning would stand. */
const TAIL = 32;

/** How a model's answers are read. */
export interface AnswerReading {
  readonly format: AnswerFormat;
  readonly tokenizer: Pick<Tokenizer, "decode" | "idToToken" | "isSpecial">;
  /** Texts of the vocabulary's special tokens. */
  readonly special: readonly string[];
}

/** Reads one answer; `Answering` is what generation must know of it. */
export interface AnswerStream extends Answering {
  /** Reads an answer out of the events of its generation. */
  read(events: AsyncGenerator<GenerateEvent, Finish>): AsyncGenerator<ChatEvent, Finish>;
}

export interface Answering {
  /** The answer to a prompt with these ids begins. */
  begin(prompt: readonly number[]): void;
  /** What to write into the text for a token: nothing where it is not special. */
  placeOf(id: number): string;
}

/** Makes a stream for one answer; `tools` are names and schemas. */
export function createAnswerStream(
  { format, tokenizer, special }: AnswerReading,
  tools: ReadonlyMap<string, Schema>,
): AnswerStream {
  let reader = createAnswerReader(format, { tools, special });
  let waiting: GeneratedToken[] = [];

  /** Text takes along the tokens that have come since the text before. */
  const toChatEvent = (event: AnswerEvent): ChatEvent => {
    const tokens = waiting;
    waiting = [];
    if (event.type !== "text-delta" && event.type !== "reasoning-delta") return event;
    return { type: event.type, text: event.text, tokens };
  };
  return {
    begin(prompt) {
      const tail = tokenizer.decode(prompt.slice(-TAIL), { skipSpecialTokens: false });
      if (endsInReasoning(format, tail))
        reader = createAnswerReader(format, { tools, special, inReasoning: true });
    },
    placeOf: (id) => (tokenizer.isSpecial(id) ? reader.placeOf(tokenizer.idToToken(id) ?? "") : ""),
    async *read(events) {
      for await (const event of events) {
        if (event.type === "text-delta") {
          waiting.push(...event.tokens);
          yield* reader.push(event.text).map(toChatEvent);
        } else if (event.type === "finish") {
          const { type, reason, ...rest } = event;
          const end = reader.finish(reason === "tool_calls" ? "stop" : reason);
          yield* end.events.map(toChatEvent);
          const finish: Finish = { ...rest, reason: end.reason, toolCalls: end.message.toolCalls };
          yield { type, ...finish };
          return finish;
        } else yield event;
      }
      throw new BaimoError("device", "an answer ended without its finish event");
    },
  };
}

/** The texts of a vocabulary's special tokens. */
export function specialTokensOf({
  vocabSize,
  isSpecial,
  idToToken,
}: Pick<Tokenizer, "vocabSize" | "isSpecial" | "idToToken">): string[] {
  const texts: string[] = [];
  for (let id = 0; id < vocabSize; id++) if (isSpecial(id)) texts.push(idToToken(id) ?? "");
  return texts;
}

/**
 * Names and schemas of tools, as OpenAI's requests have them, or without the envelope.
 *
 * @throws {BaimoError} `request` for a tool without a name
 */
export function schemasOf(tools: readonly unknown[]): Map<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const [index, tool] of tools.entries()) {
    const described = isRecord(tool) && isRecord(tool.function) ? tool.function : tool;
    if (!isRecord(described) || typeof described.name !== "string" || described.name === "")
      throw new BaimoError("request", `tools[${index}] has no name; it is ${brief(tool)}`);
    schemas.set(described.name, described.parameters);
  }
  return schemas;
}
