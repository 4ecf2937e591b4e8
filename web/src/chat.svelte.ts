// The state of the conversations and the one answer under way.
import { AnswerError, type Handle, type Sampling, streamAnswer, type Turn } from "./client.ts";
import {
  type Conversation,
  conversationsKey,
  loadConversations,
  type Message,
  type Settings,
  saveConversations,
} from "./storage.ts";

/** An answer under way. */
export interface Working {
  /** What part of the prompt has been read, while none of the answer has come. */
  share?: number;
}

/** A failed answer: the server's code and its own words. */
export interface Failure {
  code: string;
  message: string;
}

/** Opens the stored conversations, with a new one in front. */
export function createChat(handle: Handle, settings: Settings) {
  let conversations = $state<Conversation[]>(loadConversations());
  let current = $state<Conversation>(newConversation());
  let working = $state<Working>();
  let failure = $state<Failure>();
  let abort: AbortController | undefined;
  // Another tab has kept something.
  addEventListener("storage", ({ key }) => {
    if (key === conversationsKey) conversations = loadConversations();
  });

  function keep() {
    const others = conversations.filter(({ id }) => id !== current.id);
    conversations = current.messages.length > 0 ? [current, ...others] : others;
    saveConversations($state.snapshot(conversations));
  }

  /** Answers the conversation as it stands; its last message is the reader's. */
  async function answer(): Promise<void> {
    const { messages } = current;
    messages.push({ role: "assistant", text: "", model: settings.model });
    const message = messages.at(-1)!; // read back: now it is a proxy that the page watches
    const control = new AbortController();
    abort = control;
    failure = undefined;
    working = {};
    const started = performance.now();
    let pieces = 0;
    try {
      for await (const event of withinContext(messages.slice(0, -1), message, control.signal)) {
        if (event.type === "progress") working = { share: event.share };
        if (event.type === "text") {
          message.text += event.text;
          pieces++;
          if (working?.share !== undefined) working = {};
        }
        if (event.type !== "finish") continue;
        if (event.reason === "length") message.ending = "length";
        message.tokens = event.tokens;
        message.rate = event.rate;
        message.seconds = event.seconds;
      }
    } catch (error) {
      if (control.signal.aborted) {
        message.ending = "stopped";
        message.seconds = (performance.now() - started) / 1000;
        if (pieces > 0) message.rate = pieces / message.seconds;
      } else {
        failure = error instanceof AnswerError ? error : { code: "page", message: String(error) };
        if (message.text === "" && messages.at(-1) === message) messages.pop();
      }
    }
    // Another answer may have begun meanwhile, in another conversation.
    if (abort === control) {
      abort = undefined;
      working = undefined;
    }
    keep();
  }

  /** Streams an answer; while the prompt is too long, the earliest exchange is left out and told so. */
  async function* withinContext(before: readonly Message[], message: Message, signal: AbortSignal) {
    const system = settings.system?.trim();
    for (let left = 0; ; left += 2) {
      const turns: Turn[] = before.slice(left).map(({ role, text }) => ({ role, content: text }));
      if (system) turns.unshift({ role: "system", content: system });
      try {
        yield* streamAnswer(handle, {
          model: settings.model ?? "",
          turns,
          sampling: toSampling(settings),
          signal,
        });
        if (left > 0) message.left = left;
        return;
      } catch (error) {
        const tooLong = error instanceof AnswerError && error.code === "context_length_exceeded";
        if (!tooLong || left + 2 >= before.length) throw error;
      }
    }
  }

  function stop() {
    abort?.abort();
  }

  return {
    get conversations() {
      return conversations;
    },
    get current() {
      return current;
    },
    get working() {
      return working;
    },
    get failure() {
      return failure;
    },
    /** Says something and has it answered. */
    send(text: string) {
      current.messages.push({ role: "user", text });
      keep();
      return answer();
    },
    stop,
    /** Answers the last message of the reader anew. */
    regenerate() {
      if (current.messages.at(-1)?.role === "assistant") current.messages.pop();
      return answer();
    },
    /** Says another thing in place of a message, and drops what followed it. */
    edit(at: number, text: string) {
      stop();
      current.messages.splice(at);
      return this.send(text);
    },
    /** Begins a conversation, or opens an earlier one. */
    open(conversation: Conversation = newConversation()) {
      stop();
      failure = undefined;
      current = conversation;
    },
    remove(conversation: Conversation) {
      conversations = conversations.filter(({ id }) => id !== conversation.id);
      saveConversations($state.snapshot(conversations));
      if (current.id === conversation.id) this.open();
    },
  };
}

function newConversation(): Conversation {
  return { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, messages: [] };
}

function toSampling({ temperature, topP, maxTokens, seed }: Settings): Sampling {
  return { temperature, top_p: topP, max_tokens: maxTokens, seed };
}
