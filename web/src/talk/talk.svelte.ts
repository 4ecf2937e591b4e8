// The open conversation and the answers under way, in as many conversations as the reader likes.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { type Attachment, type Conversation, type Message, newId, titleOf } from "../store/conversation.ts";
import type { Choice, Conversations } from "../store/conversations.ts";
import { toFields } from "../store/sampling.ts";
import { leafUnder, leafWithout, lineOf } from "../store/tree.ts";
import type { AnswerEvent, Handle } from "./client.ts";
import { answerWithin, type Left, type Read } from "./context.ts";
import { createListing } from "./listing.svelte.ts";
import { writeAnswer } from "./write-answer.ts";
import { claimAnswer, isBeingWritten } from "./writers.ts";

/** An answer under way. */
export interface Running {
  conversation: Conversation;
  message: Message;
  /** What part of the prompt has been read, while none of the answer has come. */
  share?: number;
  /** Whether the server that writes it is out of reach just now. */
  away?: boolean;
  control: AbortController;
}

/** Opens the talk over a store; `choice` says how the next answer is made. */
export function createTalk(
  handle: Handle,
  store: Conversations,
  choice: (conversation: Conversation) => Choice,
  openFolders: () => readonly string[],
) {
  const listing = createListing(store, openFolders);
  const { list } = listing;
  let current = $state<Conversation>(blank());
  /** Whether the address names a conversation that is not here. */
  let missing = $state(false);
  const running = new SvelteMap<string, Running>();
  /** Conversations whose next answer the server has been asked for and has not begun. */
  const waiting = new SvelteSet<string>();

  store.watch(async (id) => {
    await list();
    if (id === current.id && !running.has(id)) await reload(id);
  });

  async function reload(id: string) {
    const stored = await store.open(id);
    if (!stored || id !== current.id) return;
    current = stored;
    await settle(current);
  }

  /** Marks the answers that nobody writes any more. */
  async function settle(conversation: Conversation) {
    const { messages } = conversation;
    if (store.answers) {
      const writing = messages.findLast(({ state }) => state === "writing");
      if (writing) void follow(conversation, writing);
      return;
    }
    for (const message of messages)
      if (message.state === "writing" && !(await isBeingWritten(message.id))) message.state = "interrupted";
  }

  /** Adds a message to the end of a branch of the open conversation. The conversation is kept with its first one. */
  async function append(message: Message): Promise<Message> {
    const conversation = current;
    const isNew = conversation.messages.length === 0;
    const { leaf } = conversation;
    if (isNew) conversation.title = titleOf(message.text);
    conversation.messages.push(message);
    conversation.leaf = message.id;
    conversation.changed = message.made;
    try {
      if (isNew) await store.create($state.snapshot(conversation));
      else await store.append(conversation.id, $state.snapshot(message));
    } catch (error) {
      // What could not be kept was not said.
      conversation.messages = conversation.messages.filter(({ id }) => id !== message.id);
      conversation.leaf = leaf;
      throw error;
    }
    return conversation.messages.find(({ id }) => id === message.id)!; // the one that the page watches
  }

  /** Has the line answered that ends with this question. */
  async function answer(question: Message, how: Choice = choice(current)): Promise<void> {
    const conversation = current;
    await stop(conversation.id);
    if (store.answers) {
      await show(conversation, await store.answers.begin(conversation.id, question.id, how));
      return;
    }
    const { model, sampling, system, files } = how;
    const line = lineOf({ messages: conversation.messages, leaf: question.id });
    const message = await append({
      id: newId(),
      parent: question.id,
      role: "assistant",
      text: "",
      state: "writing",
      made: Date.now(),
      model,
    });
    const control = new AbortController();
    const release = claimAnswer(message.id);
    const asked = { model, said: { line, system, files }, fields: toFields(sampling) };
    try {
      await run({ conversation, message, control }, answerWithin(handle, asked, control.signal));
    } finally {
      release();
      await store.update(conversation.id, $state.snapshot(message));
    }
  }

  /** Adds an answer that the server has begun to the end of a branch, and follows it. */
  async function show(conversation: Conversation, begun: Message): Promise<void> {
    conversation.messages.push(begun);
    conversation.leaf = begun.id;
    await follow(conversation, conversation.messages.find(({ id }) => id === begun.id)!);
  }

  /** Says something at the end of a branch and has it answered: where that cannot be, nothing was said. */
  async function say(message: Message): Promise<void> {
    const conversation = current;
    if (!store.answers) {
      const said = await append(message);
      await list();
      return answer(said);
    }
    const { leaf } = conversation;
    const isNew = conversation.messages.length === 0;
    if (isNew) conversation.title = titleOf(message.text);
    const before = $state.snapshot(conversation);
    conversation.messages.push(message);
    conversation.leaf = message.id;
    waiting.add(conversation.id);
    let begun: Message;
    try {
      await stop(conversation.id);
      begun = await store.answers.say(before, message, choice(conversation));
    } catch (error) {
      conversation.messages = conversation.messages.filter(({ id }) => id !== message.id);
      conversation.leaf = leaf;
      // An id that was used is not used again.
      if (isNew && conversation === current) current = blank(conversation.assistant);
      throw error;
    } finally {
      waiting.delete(conversation.id);
    }
    conversation.changed = message.made;
    await show(conversation, begun);
  }

  /** Shows what the server writes of an answer, from where it stands. */
  async function follow(conversation: Conversation, message: Message): Promise<void> {
    if (!store.answers || running.get(conversation.id)?.message.id === message.id) return;
    const control = new AbortController();
    await run({ conversation, message, control }, store.answers.follow(message, control.signal));
  }

  async function run(own: Running, events: AsyncIterable<AnswerEvent | Left | Read>): Promise<void> {
    const { conversation, message } = own;
    running.set(conversation.id, own);
    await list();
    const onStand = (share: number | undefined, away: boolean) => {
      const own = running.get(conversation.id);
      if (own?.message.id === message.id && (own.share !== share || (own.away ?? false) !== away))
        running.set(conversation.id, { ...own, share, away });
    };
    const onKeep = () => void store.update(conversation.id, $state.snapshot(message));
    try {
      await writeAnswer({ message, control: own.control, onStand, onKeep }, events);
    } finally {
      if (running.get(conversation.id)?.message.id === message.id) running.delete(conversation.id);
      await list();
    }
  }

  /** Stops the answer of a conversation: a server that writes it says how it ended, else the page does. */
  async function stop(id = current.id) {
    const own = running.get(id);
    if (store.answers && own) await store.answers.stop(own.message.id).catch(() => own.control.abort());
    else own?.control.abort();
  }

  async function choose(leaf: string | null) {
    current.leaf = leaf;
    if (leaf !== null) await store.choose(current.id, leaf);
  }

  const question = (parent: string | null, text: string, attachments?: Attachment[]): Message => ({
    id: newId(),
    parent,
    role: "user",
    text,
    state: "done",
    made: Date.now(),
    attachments: attachments && attachments.length > 0 ? attachments : undefined,
  });

  return {
    store,
    handle,
    listing,
    question,
    waiting,
    get current() {
      return current;
    },
    /** The messages that are shown. */
    // No $derived: one that is read outside components as well kept an earlier conversation (Svelte 5.57).
    get line() {
      return lineOf(current);
    },
    running,
    get missing() {
      return missing;
    },
    get working() {
      return running.get(current.id);
    },
    /** Opens a conversation. Answers elsewhere go on. */
    async open(id: string) {
      missing = false;
      if (id === current.id && current.messages.length > 0) return;
      const own = running.get(id);
      const stored = own?.conversation ?? (await store.open(id));
      missing = stored === undefined;
      current = stored ?? blank();
      if (!own) await settle(current);
    },
    /** Begins a new one, which is kept with its first message. */
    begin(assistant?: string) {
      missing = false;
      if (current.messages.length > 0 || current.assistant !== assistant) current = blank(assistant);
    },
    /** Says something and has it answered. */
    async send(text: string, attachments?: Attachment[]) {
      const end = lineOf(current).at(-1)?.id ?? null;
      await say(question(end, text, attachments));
    },
    /** Says another thing in the place of a question; the earlier version stays beside it. */
    async editQuestion({ parent, attachments }: Message, text: string) {
      await say(question(parent, text, $state.snapshot(attachments)));
    },
    /** Puts another answer beside one that is there. */
    async editAnswer({ id, ...rest }: Message, text: string) {
      await append({ ...$state.snapshot(rest), id: newId(), text, state: "done", made: Date.now() });
    },
    /** Has a question answered once more, or an answer written anew, perhaps by another model. */
    async regenerate(message: Message, how: Choice = choice(current)) {
      const asked =
        message.role === "user" ? message : current.messages.find(({ id }) => id === message.parent);
      if (asked) await answer(asked, how);
    },
    stop,
    /** Goes on with an answer that was cut off; left out where nothing can. */
    goOn:
      store.answers &&
      (async ({ id }: Message) => {
        const conversation = current;
        const begun = await store.answers!.continue(conversation.id, id, choice(conversation));
        const message = conversation.messages.find((one) => one.id === id)!;
        Object.assign(message, begun);
        await follow(conversation, message);
      }),
    /** Runs the calls of an answer that are allowed, and shows how the model goes on; left out where nothing can. */
    runCalls:
      store.answers &&
      (async ({ id }: Message, allowed: string[]) => {
        const conversation = current;
        waiting.add(conversation.id);
        const called = await store
          .answers!.call(id, allowed, choice(conversation))
          .finally(() => waiting.delete(conversation.id));
        conversation.messages.push(called.given);
        await show(conversation, called.answer);
      }),
    /** Whether a message can be deleted and brought back. */
    removesMessages: store.answers === undefined,
    /** Shows another version of a message, with the latest that follows it. */
    chooseVersion: (id: string) => choose(leafUnder(current, id)),
    /** Deletes a message, with what follows it. Returns what takes that back. */
    async removeMessage(message: Message): Promise<() => Promise<void>> {
      const { leaf } = current;
      const conversation = current;
      const put = (removed: boolean) => {
        message.removed = removed || undefined;
        return store.update(conversation.id, $state.snapshot(message));
      };
      const next = leafWithout(current, message);
      await put(true);
      await choose(next);
      return async () => {
        await put(false);
        if (current.id === conversation.id) await choose(leaf);
      };
    },
    /** Deletes a conversation. Returns what takes that back. */
    async remove(id: string): Promise<() => Promise<void>> {
      await stop(id);
      await store.remove(id);
      await list();
      return async () => {
        await store.restore(id);
        await list();
      };
    },
    async rename(id: string, title: string) {
      if (id === current.id) current.title = title;
      await store.rename(id, title);
      await list();
    },
  };
}

function blank(assistant?: string): Conversation {
  const now = Date.now();
  return {
    id: newId(),
    title: "",
    pinned: false,
    made: now,
    changed: now,
    assistant,
    leaf: null,
    messages: [],
  };
}
