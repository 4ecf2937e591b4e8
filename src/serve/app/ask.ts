// Asks a model for an answer: whether it can be had is known before anything is stored.
import { runsHere } from "../../generate/runs-here.ts";
import type { ChatMessage, ChatOptions } from "../../generate/types.ts";
import type { Assistant } from "../../store/assistants.ts";
import type { StoredConversation } from "../../store/conversations.ts";
import type { StoredMessage } from "../../store/messages.ts";
import { type PassagesPart, textOf } from "../../store/parts.ts";
import { runChoices } from "../answers/choices.ts";
import { modelHere } from "../models/here.ts";
import type { Lease } from "../models/models.ts";
import { Problem } from "../problem.ts";
import { templatesOf } from "../requests/thinking.ts";
import { toChatOptions } from "./answer-options.ts";
import type { AppCall } from "./app-route.ts";
import { fitFiles } from "./fit-files.ts";
import type { Said } from "./prompt.ts";
import { offeredTools, toDefinition } from "./tools/offered.ts";

/** What somebody wants answered. */
export interface Question {
  readonly conversation: Pick<StoredConversation, "model" | "assistant" | "settings">;
  /** What was said so far, the question last; where an answer is to go on, that answer. */
  readonly branch: readonly Said[];
  /** Instead of the conversation's. */
  readonly model?: string;
  readonly assistant?: string;
  readonly options?: object;
  /** Ids of servers whose tools the model may ask for. */
  readonly tools?: readonly string[];
  readonly continued?: boolean;
}

/** An answer that can be had. */
export interface Prepared {
  /** How much of the context the prompt takes; null for a model at an endpoint, which keeps that to itself. */
  readonly context: Context | null;
  /** Where its message says who wrote it. */
  readonly model: string;
  readonly assistant: string | null;
  /** What the answer's message begins with. */
  readonly parts: readonly PassagesPart[];
  /** Gives the place at the model back; not after `start`. */
  cancel(): void;
  /** Begins to write into a message that is in the store. */
  start(message: StoredMessage): void;
}

export interface Context {
  readonly tokens: number;
  readonly contextLength: number;
}

type Caller = Pick<AppCall<unknown>, "app" | "user" | "server" | "request" | "find">;

/**
 * Makes the prompt, and takes a place at the model.
 *
 * @throws {Problem} 400 for a prompt that does not fit or that the template refuses, 404 for an unknown model, 429 where too
 *   many wait, 503 while the model is loaded
 */
export async function prepare(call: Caller, question: Question): Promise<Prepared> {
  const { app, server, request } = call;
  const { listed, messages, options, assistant, passages } = await toRequest(call, question, {
    counted: false,
  });
  const context = await measure(listed, messages, options, request.signal);
  // Nobody needs to wait for the answer: it does not end with this request.
  const work = server.begin(request, listed, new AbortController().signal);
  return {
    context,
    model: listed.id,
    assistant: assistant?.id ?? null,
    parts: passages ? [passages] : [],
    cancel() {
      work.stop();
      work.done();
    },
    start(message) {
      const answer = listed.model.chat(messages, { ...options, signal: work.signal });
      app.answers.start(message, server.recorded(work, runChoices([answer], work)), work);
    },
  };
}

/** How much of the context a question takes, whether it fits or not. */
export interface Counted extends Context {
  readonly model: string;
  /** How many passages of the files are read; null where they are read whole. */
  readonly passages: { readonly read: number; readonly of: number } | null;
}

/** Counts what a question would take. */
export async function count(call: Caller, question: Question): Promise<Counted> {
  const { listed, messages, options, passages } = await toRequest(call, question, { counted: true });
  const { tools, templateVariables } = options;
  const model = modelHere(listed, "counts of tokens");
  const tokens = await model.encode(messages, { tools, templateVariables, signal: call.request.signal });
  return {
    tokens: tokens.length,
    contextLength: model.contextLength,
    model: listed.id,
    passages: passages ? { read: passages.passages.length, of: passages.of } : null,
  };
}

interface ModelRequest {
  readonly listed: Lease;
  readonly messages: readonly ChatMessage[];
  readonly options: ChatOptions;
  readonly assistant: Assistant | undefined;
  readonly passages: PassagesPart | undefined;
}

async function toRequest(
  call: Caller,
  question: Question,
  { counted }: { readonly counted: boolean },
): Promise<ModelRequest> {
  const { app, user } = call;
  const { conversation, branch, continued = false } = question;
  const { settings } = conversation;
  const wanted = question.assistant ?? conversation.assistant;
  const assistant = wanted ? app.store.assistants.find(user.key, wanted) : undefined;
  const listed = await findModel(call, question.model ?? conversation.model ?? undefined, assistant);
  const system = [assistant?.system ?? "", settings.system ?? ""].filter((text) => text !== "").join("\n\n");
  const sources = [assistant?.options, settings.options, question.options];
  const options = toChatOptions(sources, templatesOf(listed.model));
  const offered = await offeredTools(app, user, question.tools ?? []);
  const tools = [...(assistant?.tools ?? []), ...offered.map(toDefinition)];
  if (tools.length > 0) options.tools = tools;
  const last = branch.at(-1);
  if (continued && last) {
    if (textOf(last.parts) !== "") options.continueFinalMessage = "content";
    else if (last.parts.some(({ type }) => type === "reasoning"))
      options.continueFinalMessage = "reasoning_content";
  }
  // Of an answer that never began nothing is shown to the model.
  const shown = continued && !options.continueFinalMessage ? branch.slice(0, -1) : branch;
  const { files = [] } = assistant ?? {};
  const reading = { model: listed.model, branch: shown, system, files, options, owner: user.key, counted };
  const { messages, passages } = await fitFiles(app, reading, call.request.signal);
  return { listed, messages, options, assistant, passages };
}

/** The model that was named; else the assistant's, or the first of its fall-backs that is here; else one that is loaded. */
async function findModel(
  { server, find }: Caller,
  named: string | undefined,
  assistant: Assistant | undefined,
): Promise<Lease> {
  if (named !== undefined) return find(named);
  const wanted = [assistant?.model ?? "", ...(assistant?.fallbacks ?? [])].filter((id) => id !== "");
  let missing: Problem | undefined;
  for (const id of wanted) {
    try {
      return await find(id);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      missing ??= error;
    }
  }
  if (missing) throw missing;
  const states = server.models.states();
  return find((states.find(({ state }) => state === "ready") ?? states[0])?.id);
}

/** @throws {Problem} 400 for a prompt that leaves no room for an answer */
async function measure(
  { model }: Lease,
  messages: readonly ChatMessage[],
  { tools, templateVariables, continueFinalMessage }: ChatOptions,
  signal: AbortSignal,
): Promise<Context | null> {
  if (!runsHere(model)) return null;
  const { contextLength } = model;
  const tokens = await model.encode(messages, { tools, templateVariables, continueFinalMessage, signal });
  if (tokens.length < contextLength) return { tokens: tokens.length, contextLength };
  const message =
    `this message makes the conversation ${tokens.length} tokens long, but the model reads ${contextLength} with its answer; ` +
    "nothing was stored: shorten the message, begin a new conversation, or choose a model with a longer context";
  throw new Problem(400, message, { param: "text", code: "context_length_exceeded" });
}
