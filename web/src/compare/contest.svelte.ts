// One question answered by several at once, and which answer was chosen.
import { ask } from "../store/ask.ts";
import { type Message, newId, titleOf } from "../store/conversation.ts";
import type { Choice, Conversations } from "../store/conversations.ts";
import type { Handle } from "../talk/client.ts";
import { failureOf, writeAnswer } from "../talk/write-answer.ts";

/** Who answers: a model, or an assistant by whatever model it has. */
export interface Contestant {
  model?: string;
  assistant?: string;
}

/** The record of one who answered. */
export interface Rate {
  model: string | null;
  assistant: string | null;
  wins: number;
  ties: number;
  losses: number;
  rate: number;
  low: number;
  high: number;
}

interface Column {
  contestant: Contestant;
  /** Undefined until the server has begun it. */
  message: Message | undefined;
}

/** Opens a contest over a store that writes answers. */
export function createContest(handle: Handle, { create, answers }: Conversations) {
  let columns = $state<Column[]>([]);
  let conversation = $state("");
  /** The place of the chosen one, null for none of them, undefined until somebody has chosen. */
  let winner = $state<number | null>();
  let control = new AbortController();
  let rates = $state.raw<Rate[]>([]);

  async function answer(column: Column, question: string, how: Choice): Promise<void> {
    if (!answers) return;
    try {
      column.message = await answers.begin(conversation, question, how);
    } catch (error) {
      column.message = failed(question, failureOf(error));
      return;
    }
    await writeAnswer({ message: column.message, control }, answers.follow(column.message, control.signal));
  }

  return {
    get columns() {
      return columns;
    },
    get conversation() {
      return conversation;
    },
    get winner() {
      return winner;
    },
    get rates() {
      return rates;
    },
    get working() {
      return columns.some(({ message }) => message === undefined || message.state === "writing");
    },
    /** Asks all of them at once; `choiceOf` says how each answers. */
    async start(text: string, contestants: readonly Contestant[], choiceOf: (one: Contestant) => Choice) {
      control.abort();
      control = new AbortController();
      const now = Date.now();
      const question: Message = {
        id: newId(),
        parent: null,
        role: "user",
        text,
        state: "done",
        made: now,
      };
      conversation = newId();
      winner = undefined;
      await create({
        id: conversation,
        title: titleOf(text),
        pinned: false,
        made: now,
        changed: now,
        leaf: question.id,
        messages: [question],
      });
      columns = contestants.map((contestant) => ({ contestant, message: undefined }));
      await Promise.all(columns.map((column) => answer(column, question.id, choiceOf(column.contestant))));
    },
    /** Stops all answers; what they have said stays. */
    async stop() {
      const ids = columns.flatMap(({ message }) => (message?.state === "writing" ? [message.id] : []));
      await Promise.all(ids.map((id) => answers?.stop(id)));
    },
    /** Writes down which one was chosen, null for none of them. */
    async choose(place: number | null) {
      const ids = columns.flatMap(({ message }) => (message ? [message.id] : []));
      const body = place === null ? { answers: ids } : { answers: ids, winner: place };
      ({ rates } = await ask<{ rates: Rate[] }>(handle, "POST", "comparisons", body));
      winner = place;
      const chosen = place === null ? undefined : columns[place]?.message;
      if (chosen) await ask(handle, "POST", `messages/${chosen.id}/choose`, {});
    },
    async findRates() {
      ({ rates } = await ask<{ rates: Rate[] }>(handle, "GET", "comparisons"));
    },
    /** Follows no longer; the server writes on. */
    leave: () => control.abort(),
  };
}

const failed = (parent: string, failure: Message["failure"]): Message => ({
  id: "",
  parent,
  role: "assistant",
  text: "",
  state: "failed",
  made: Date.now(),
  failure,
});
