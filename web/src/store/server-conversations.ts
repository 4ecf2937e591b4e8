// Conversations kept by the server, which writes their answers too: they go on without a reader.
import { AnswerError, type AnswerEvent, type Handle, reach, readLines } from "../talk/client.ts";
import { address, ask } from "./ask.ts";
import type { Conversation, Message } from "./conversation.ts";
import type { Answers, Conversations } from "./conversations.ts";
import type { Sampling } from "./sampling.ts";
import { serverFolders } from "./server-folders.ts";
import {
  type ServerConversation,
  type ServerMessage,
  toConversation,
  toMessage,
  toParts,
  toServer,
  toSummary,
} from "./server-shapes.ts";

/** So many conversations the server lists at once. */
const PAGE = 200;
const draftKey = "baimo.draft";

/** The store of the server. */
export function openServerConversations(handle: Handle): Conversations {
  const channel = new BroadcastChannel("baimo.conversations");
  const tell = (id: string) => channel.postMessage(id);
  /** The system prompt that each conversation has there. */
  const systems = new Map<string, string>();
  const change = async (id: string, fields: object) => {
    await ask(handle, "POST", `conversations/${id}`, fields);
    tell(id);
  };

  async function append(id: string, message: Message): Promise<void> {
    const { parent, role } = message;
    const fields = { id: message.id, parent: parent ?? "", role, parts: toParts(message), answer: false };
    await ask(handle, "POST", `conversations/${id}/messages`, fields);
    tell(id);
  }

  return {
    append,
    answers: answersOf(handle, { systems, tell }),
    folders: serverFolders(handle, change),
    exportAddress: address("export"),
    async list(most, folder) {
      const listed: ServerConversation[] = [];
      for (let cursor: string | null = ""; cursor !== null && listed.length < most; ) {
        const query = new URLSearchParams({ limit: String(Math.min(most - listed.length, PAGE)) });
        if (cursor) query.set("cursor", cursor);
        if (folder) query.set("folder", folder);
        const page: Page = await ask<Page>(handle, "GET", `conversations?${query}`);
        listed.push(...page.conversations);
        cursor = page.next;
      }
      return listed.map(toSummary);
    },
    async open(id) {
      try {
        const path = `conversations/${id}`;
        const { conversation, messages } = await ask<{
          conversation: ServerConversation;
          messages: ServerMessage[];
        }>(handle, "GET", path);
        systems.set(id, conversation.settings?.system ?? "");
        return toConversation(conversation, messages);
      } catch (error) {
        if (error instanceof AnswerError && error.code.includes("not_found")) return undefined;
        throw error;
      }
    },
    async create(conversation: Conversation) {
      const { id, title, messages } = conversation;
      if (messages.length === 1 && messages[0]!.role === "user") {
        await ask(handle, "POST", "conversations", { id, title });
        await append(id, messages[0]!);
        return;
      }
      const data = { format: "baimo.conversations", version: 1, conversations: [toServer(conversation)] };
      await ask(handle, "POST", "import", { data });
      tell(id);
    },
    async importFile(data) {
      const read = await ask<{ conversations: unknown[] }>(handle, "POST", "import", { data });
      return read.conversations.length;
    },
    // The server keeps what it writes.
    async update() {},
    async choose(id, leaf) {
      await ask(handle, "POST", `messages/${leaf}/choose`, {});
      tell(id);
    },
    rename: (id, title) => change(id, { title }),
    pin: (id, pinned) => change(id, { pinned }),
    async remove(id) {
      await ask(handle, "DELETE", `conversations/${id}`);
      tell(id);
    },
    async restore(id) {
      await ask(handle, "POST", `conversations/${id}/restore`, {});
      tell(id);
    },
    async search(text) {
      const path = `search?limit=50&q=${encodeURIComponent(text)}`;
      const { hits } = await ask<{ hits: Hit[] }>(handle, "GET", path);
      const found = new Map<string, { id: string; title: string; excerpt: string }>();
      for (const { conversation, message, before, match, after } of hits) {
        const { id, title } = conversation;
        const excerpt = message === null ? "" : `${before}${match}${after}`;
        if (!found.has(id)) found.set(id, { id, title, excerpt });
      }
      return [...found.values()];
    },
    async draft(id) {
      if (id === "") return localStorage.getItem(draftKey) ?? "";
      const { conversation } = await ask<{ conversation: ServerConversation }>(
        handle,
        "GET",
        `conversations/${id}`,
      );
      return conversation.draft ?? "";
    },
    async saveDraft(id, text) {
      if (id === "") localStorage.setItem(draftKey, text);
      else await ask(handle, "POST", `conversations/${id}`, { draft: text });
    },
    watch(changed) {
      const listen = ({ data }: MessageEvent<string>) => changed(data);
      channel.addEventListener("message", listen);
      return () => channel.removeEventListener("message", listen);
    },
  };
}

interface Page {
  conversations: ServerConversation[];
  next: string | null;
}

interface Hit {
  conversation: { id: string; title: string };
  message: string | null;
  before: string;
  match: string;
  after: string;
}

/** The engine's options by the names of the application. */
const toOptions = ({ onFull, speculation, ...options }: Sampling) => options;

/** Answers that the server writes: begun, followed, gone on with, stopped. */
function answersOf(
  handle: Handle,
  { systems, tell }: { systems: Map<string, string>; tell: (id: string) => void },
): Answers {
  /** Has the server know the system prompt that holds now. */
  async function heed(id: string, system: string): Promise<void> {
    if ((systems.get(id) ?? "") === system) return;
    await ask(handle, "POST", `conversations/${id}`, { settings: { system } });
    systems.set(id, system);
  }

  return {
    async say({ id, title, messages, assistant }, message, { model, sampling, system, tools }) {
      const isNew = messages.length === 0;
      if (isNew) {
        await ask(handle, "POST", "conversations", { id, title, assistant, settings: { system } });
        systems.set(id, system);
      } else await heed(id, system);
      const { parent } = message;
      const asked = { model, tools, options: toOptions(sampling) };
      const fields = { id: message.id, parent: parent ?? "", parts: toParts(message), ...asked };
      try {
        const { answer } = await ask<Begun>(handle, "POST", `conversations/${id}/messages`, fields);
        tell(id);
        return toMessage(answer);
      } catch (error) {
        // A conversation without a word in it is none.
        if (isNew) await ask(handle, "DELETE", `conversations/${id}`).catch(() => {});
        throw error;
      }
    },
    async count(id, question, { model, assistant, system }) {
      const parts = question && toParts(question);
      const [path, body] =
        id === undefined
          ? ["count", { model, assistant, system, parts }]
          : [`conversations/${id}/count`, { model, parts }];
      const { tokens, contextLength, passages } = await ask<Counted>(handle, "POST", path, body);
      const fits = tokens < contextLength;
      return { count: tokens, most: contextLength, fits, passages: passages ?? undefined };
    },
    async begin(id, question, { model, sampling, system, assistant, tools }) {
      await heed(id, system);
      const fields = { model, assistant, tools, options: toOptions(sampling) };
      const { answer } = await ask<Begun>(handle, "POST", `messages/${question}/regenerate`, fields);
      tell(id);
      return toMessage(answer);
    },
    async call(answer, allowed, { sampling, tools }) {
      const fields = { allowed, tools, options: toOptions(sampling) };
      const begun = await ask<Called>(handle, "POST", `messages/${answer}/calls`, fields);
      return { given: toMessage(begun.message), answer: toMessage(begun.answer) };
    },
    async continue(id, answer, { sampling, tools }) {
      const fields = { tools, options: toOptions(sampling) };
      const begun = await ask<Begun>(handle, "POST", `messages/${answer}/continue`, fields);
      tell(id);
      return toMessage(begun.answer);
    },
    async *follow({ id, events = 0 }, signal) {
      let after = events;
      for (let failures = 0; ; ) {
        let failure: unknown = new AnswerError("broken", "the stream ended early");
        try {
          for await (const { number, event } of readEvents(handle, id, after, signal)) {
            if (event.type !== "reach") failures = 0;
            if (number !== undefined) after = number;
            yield event;
            if (event.type === "finish") return;
          }
        } catch (error) {
          if (signal.aborted) throw error;
          failure = error;
        }
        if (++failures > MOST_FAILURES) throw failure;
        // The first time is soon mended, and nothing to tell of.
        if (failures > 1) yield { type: "reach", away: true };
        await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** failures));
      }
    },
    stop: (answer) => ask(handle, "POST", `answers/${answer}/stop`, {}),
  };
}

/** Tries to follow an answer again so often, each time waiting twice as long: half a minute in all. */
const MOST_FAILURES = 6;

interface Begun {
  answer: ServerMessage;
}

interface Called extends Begun {
  message: ServerMessage;
}

interface Counted {
  tokens: number;
  contextLength: number;
  passages?: { read: number; of: number } | null;
}

/** The events of an answer after a number. */
async function* readEvents(
  handle: Handle,
  id: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<{ number?: number; event: AnswerEvent }> {
  const response = await reach(
    handle,
    new Request(address(`answers/${id}/events?after=${after}`), { signal }),
  );
  yield { event: { type: "reach", away: false } };
  if (response.status === 204) return;
  let name = "";
  let number: number | undefined;
  const calls: string[] = [];
  for await (const line of readLines(response.body!, signal)) {
    if (line.startsWith("id: ")) number = Number(line.slice(4));
    if (line.startsWith("event: ")) name = line.slice(7).trim();
    if (line.startsWith("data: ")) {
      const event = toEvent(name, JSON.parse(line.slice(6)), calls);
      if (event) yield { number, event };
      number = undefined;
    }
  }
}

/** An event of the page. `calls` holds the ids of the calls so far. */
function toEvent(name: string, data: unknown, calls: string[]): AnswerEvent | undefined {
  const { text, done, total, id, name: tool, arguments: given } = data as Record<string, string & number>;
  switch (name) {
    case "text":
    case "reasoning":
      return { type: name, text };
    case "progress":
      return { type: "progress", share: done / total };
    case "tool-call":
      return { type: "call", index: calls.push(id) - 1, id, name: tool, arguments: "" };
    case "tool-call-delta":
      return { type: "call", index: calls.indexOf(id), arguments: given };
    case "message":
      return { type: "whole", message: toMessage(data as ServerMessage) };
    case "end": {
      const end = {
        ...(data as ServerMessage),
        id: "",
        parent: null,
        role: "assistant" as const,
        parts: [],
        created: 0,
      };
      const { state, tokens, rate, seconds, failure } = toMessage(end);
      return {
        type: "finish",
        reason: state === "length" ? "length" : "stop",
        state,
        failure,
        tokens,
        rate,
        seconds,
      };
    }
  }
  return undefined;
}
