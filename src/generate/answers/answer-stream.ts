// The answer of a running model: text and tokens to events of reasoning, content and tool calls.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { plainNumbers } from "../../python-json.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { ConstraintSpec } from "../constrain/constraint.ts";
import type { ChatEvent, Finish, GeneratedToken, GenerateEvent } from "../types.ts";
import { type AnswerEvent, createAnswerReader, endsInReasoning } from "./answer-reader.ts";
import { type AnswerDemand, answerConstraint } from "./call-constraint.ts";
import type { AnswerFormat } from "./format.ts";
import type { OfferedTool } from "./grammar.ts";
import type { Schema } from "./raw-value.ts";
import { placeSpecialTokens } from "./special-tokens.ts";

/** Tokens at the end of a prompt among which a mark that opens reasoning would stand. */
const TAIL = 32;

/** How a model's answers are read. */
export interface AnswerReading {
  readonly format: AnswerFormat;
  readonly tokenizer: Pick<Tokenizer, "decode" | "idToToken" | "isSpecial" | "vocabSize">;
  /** Texts of the vocabulary's special tokens. */
  readonly special: readonly string[];
  /** Whether the model reasons: its chat template knows the marks. */
  readonly reasons: boolean;
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
  /** What the answer must be; to be asked when it has begun. */
  constraint?(): ConstraintSpec;
}

/** Makes a stream for one answer; `tools` are names and schemas, `goesOn`: the prompt ends within reasoning. */
export function createAnswerStream(
  { format, tokenizer, special, reasons }: AnswerReading,
  tools: ReadonlyMap<string, Schema>,
  demand?: AnswerDemand,
  goesOn = false,
): AnswerStream {
  // An answer that can be nothing but calls is read while it is written.
  const streamArguments = demand !== undefined && demand.otherwise === undefined;
  let reader = createAnswerReader(format, { tools, special, streamArguments });
  let waiting: GeneratedToken[] = [];
  let inReasoning = false;

  /** Text takes along the tokens that have come since the text before. */
  const toChatEvent = (event: AnswerEvent): ChatEvent => {
    const tokens = waiting;
    waiting = [];
    if (event.type !== "text-delta" && event.type !== "reasoning-delta") return event;
    return { type: event.type, text: event.text, tokens };
  };
  return {
    begin(prompt) {
      const ids = prompt.slice(-TAIL).filter((id) => id < tokenizer.vocabSize);
      const tail = tokenizer.decode(ids, { skipSpecialTokens: false });
      inReasoning = goesOn || endsInReasoning(format, tail);
      if (inReasoning)
        reader = createAnswerReader(format, { tools, special, streamArguments, inReasoning: true });
    },
    placeOf: (id) => (tokenizer.isSpecial(id) ? reader.placeOf(tokenizer.idToToken(id) ?? "") : ""),
    constraint:
      demand &&
      (() => {
        const placed = placeSpecialTokens(format, special).format;
        return answerConstraint(placed, demand, inReasoning ? "begun" : reasons ? "possible" : "none");
      }),
    async *read(events) {
      for await (const event of events) {
        if (event.type === "text-delta") {
          waiting.push(...event.tokens);
          yield* reader.push(event.text).map(toChatEvent);
        } else if (event.type === "finish") {
          const { type, reason, ...rest } = event;
          const ended = reason === "tool_calls" ? "stop" : reason;
          // What must be calls ends by itself when they are whole; a stop string may end it before.
          const end = reader.finish(streamArguments && ended === "stop" ? "length" : ended);
          yield* end.events.map(toChatEvent);
          const { toolCalls } = end.message;
          const finish: Finish = {
            ...rest,
            reason: ended === "stop" && toolCalls.length > 0 ? "tool_calls" : ended,
            toolCalls,
          };
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

/** Tools by their names and schemas, in the order in which they were given. */
export function offeredTools(schemas: ReadonlyMap<string, Schema>): OfferedTool[] {
  return Array.from(schemas, ([name, parameters], i) => ({
    name,
    parameters,
    at: `tools[${i}].function.parameters`,
  }));
}

/** Tools whose calls are held to schemas where there is a strict one; others may be called with any object. */
export function strictTools(schemas: ReadonlyMap<string, Schema>, tools: readonly unknown[]): OfferedTool[] {
  const isStrict = (tool: unknown) =>
    isRecord(tool) && isRecord(tool.function) && tool.function.strict === true;
  if (!tools.some(isStrict)) return [];
  return offeredTools(schemas).map(({ name, parameters, at }, i) =>
    isStrict(tools[i])
      ? { name, parameters, at, isStrict: true }
      : { name, parameters: { type: "object" }, at, isStrict: false },
  );
}

/** The tools of which one must be called. @throws {BaimoError} `request` where there is none, or none of that name */
export function demandedTools(
  schemas: ReadonlyMap<string, Schema>,
  choice: "required" | { readonly name: string },
): OfferedTool[] {
  const tools = offeredTools(schemas);
  const chosen = choice === "required" ? tools : tools.filter(({ name }) => name === choice.name);
  if (chosen.length > 0) return chosen;
  const known = tools.map(({ name }) => name).join(", ") || "none";
  const wanted = choice === "required" ? '"required"' : `the tool ${brief(choice.name)}`;
  throw new BaimoError("request", `toolChoice is ${wanted}, but the tools are: ${known}`, {
    option: "toolChoice",
  });
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
    schemas.set(described.name, plainNumbers(described.parameters));
  }
  return schemas;
}
