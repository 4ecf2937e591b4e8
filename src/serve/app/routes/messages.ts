// Messages: say something, edit it as a new version, answer again, go on, choose a version.
import { choice, flag, list, required, text, withDefault } from "../../../option-kinds.ts";
import type { StoredConversation } from "../../../store/conversations.ts";
import type { Role, StoredMessage } from "../../../store/messages.ts";
import { type Part, textOf } from "../../../store/parts.ts";
import { Problem } from "../../problem.ts";
import { asClient } from "../../requests/fields.ts";
import type { Route } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { answerOptions } from "../answer-options.ts";
import { type AppCall, appPost, idTaken, notFound } from "../app-route.ts";
import { type Prepared, prepare } from "../ask.ts";
import { checkAssistant, messageOf, openConversationOf } from "../find.ts";
import { contentText, FILES, parts, readContent } from "../parts-kind.ts";
import { branchTo, lastAfter } from "../prompt.ts";
import { idText, newIdText } from "../query.ts";
import { answered, begun, conversation } from "../schemas.ts";
import { shownConversation, shownMessage } from "../shown.ts";
import { offeredTools } from "../tools/offered.ts";
import { runCalls } from "../tools/run-calls.ts";

const asked = {
  model: text({ least: 0, most: 1024 }),
  options: answerOptions,
  tools: list(idText, { most: 16 }),
};
const content = { id: newIdText, text: contentText, parts, answer: withDefault(flag, true) };
/** Characters of a title that is made of the first question. */
const TITLE = 80;

/** A new message, and how it is to be answered. */
interface Saying {
  readonly conversation: StoredConversation;
  readonly parent: StoredMessage | undefined;
  /** Whether the request names its parent; where it does not, that is the leaf, which moves with what is said. */
  readonly isPlaced: boolean;
  readonly role: Role;
  readonly parts: readonly Part[];
  readonly id?: string;
  readonly answer: boolean;
  readonly model?: string;
  readonly options?: object;
  readonly tools?: readonly string[];
}

export const messageRoutes: readonly Route[] = [
  appPost({
    path: "/app/v1/conversations/{id}/messages",
    summary: "Says something, and starts the answer.",
    body: {
      parent: idText,
      role: withDefault(choice("user", "tool", "assistant"), "user"),
      ...content,
      ...asked,
    },
    bounds: FILES,
    answer: answered,
    handle(call) {
      const { app, body } = call;
      const found = openConversationOf(call);
      const parentId = body.parent === undefined ? found.leaf : body.parent || null;
      const parent = parentId === null ? undefined : app.store.messages.find(call.user.key, parentId);
      if (parentId !== null && parent?.conversation !== found.key) throw notFound("message", parentId);
      return say(call, {
        conversation: found,
        parent,
        isPlaced: body.parent !== undefined,
        role: body.role,
        parts: readContent(body, asClient),
        id: body.id,
        answer: body.answer && body.role !== "assistant",
        model: body.model || undefined,
        options: body.options,
        tools: body.tools,
      });
    },
  }),
  appPost({
    path: "/app/v1/messages/{id}/edit",
    summary: "Says a message anew, as a version beside it.",
    body: { ...content, ...asked },
    bounds: FILES,
    answer: answered,
    handle(call) {
      const { body } = call;
      const { message, conversation } = messageOf(call);
      if (body.id === message.id) throw idTaken(message.id);
      return say(call, {
        conversation,
        parent: parentOf(call, message),
        isPlaced: true,
        role: message.role,
        parts: readContent(body, asClient),
        id: body.id,
        answer: body.answer && message.role !== "assistant",
        model: body.model || undefined,
        options: body.options,
        tools: body.tools,
      });
    },
  }),
  appPost({
    path: "/app/v1/messages/{id}/regenerate",
    summary: "Answers once more, as a version beside the answer.",
    body: { assistant: idText, ...asked },
    answer: begun,
    async handle(call) {
      const { app, body } = call;
      const { message, conversation } = messageOf(call);
      checkAssistant(call, body.assistant);
      const question = message.role === "assistant" ? parentOf(call, message) : message;
      const branch = branchTo(app.store.messages.list(conversation.key), question?.key ?? null);
      const prepared = await prepare(call, {
        conversation,
        branch,
        model: body.model || undefined,
        assistant: body.assistant,
        options: body.options,
        tools: body.tools,
      });
      const answer = begin(call, conversation, prepared, () => question?.key ?? null);
      return { answer: shownMessage(answer), context: prepared.context };
    },
  }),
  appPost({
    path: "/app/v1/messages/{id}/continue",
    summary: "Goes on with an answer that was cut off.",
    body: { options: answerOptions, tools: asked.tools },
    answer: begun,
    async handle(call) {
      const { app } = call;
      const { message, conversation } = messageOf(call);
      if (message.role !== "assistant" || message.status === "running") throw cannotGoOn(message);
      const { store } = app;
      const branch = branchTo(store.messages.list(conversation.key), message.key);
      const model = message.model ?? undefined;
      const { options, tools } = call.body;
      const question = { conversation, branch, model, options, tools, continued: true };
      const prepared = await prepare(call, question);
      const goOn = () => {
        store.messages.dropLogs(conversation.key);
        store.conversations.setLeaf(conversation.key, message.key);
        const { parts, events } = message;
        return store.messages.write(message.key, { parts, status: "running", outcome: {}, events });
      };
      const answer = started(prepared, () => store.transaction(goOn));
      return { answer: shownMessage(answer), context: prepared.context };
    },
  }),
  appPost({
    path: "/app/v1/messages/{id}/calls",
    summary: "Runs the calls of an answer that are allowed, and has the model go on with what they gave.",
    body: { allowed: required(list(text({ most: 1024 }), { most: 128 })), ...asked },
    answer: answered,
    async handle(call) {
      const { app, user, body, request } = call;
      const { message, conversation } = messageOf(call);
      const calls = message.parts.filter((part) => part.type === "tool-call");
      if (message.role !== "assistant" || message.status === "running" || calls.length === 0) throw noCalls();
      const { allowed, model, options, tools } = body;
      const offered = await offeredTools(app, user, tools ?? []);
      const { connections } = app;
      const parts = await runCalls(calls, { offered, allowed, connections, signal: request.signal });
      return say(call, {
        conversation,
        parent: message,
        isPlaced: true,
        role: "tool",
        parts,
        answer: true,
        model: model || message.model || undefined,
        options,
        tools,
      });
    },
  }),
  appPost({
    path: "/app/v1/messages/{id}/choose",
    summary: "Shows this version, and what was last said after it.",
    body: {},
    answer: objectOf({ conversation }),
    handle(call) {
      const { store } = call.app;
      const { message, conversation: before } = messageOf(call);
      const leaf = lastAfter(store.messages.list(before.key), message.key);
      store.transaction(() =>
        store.conversations.setLeaf(before.key, leaf?.key ?? message.key, before.updated),
      );
      return { conversation: shownConversation(store.conversations.find(call.user.key, before.id)!) };
    },
  }),
];

type Caller = AppCall<unknown, object>;

const parentOf = ({ app }: Caller, { parentKey }: StoredMessage): StoredMessage | undefined =>
  parentKey === null ? undefined : app.store.messages.get(parentKey);

/** Stores a message, and where it is wanted begins its answer: both or neither. */
async function say(call: Caller, saying: Saying) {
  const { app, user } = call;
  const { store } = app;
  const { conversation, parent, role, parts, id, answer, model, options, tools } = saying;
  const known = saidBefore(call, saying);
  if (known) return repeated(call, known);
  const add = () => {
    const message = store.messages.add({
      id,
      conversation: conversation.key,
      parent: parent?.key ?? null,
      role,
      parts,
    });
    store.conversations.setLeaf(conversation.key, message.key);
    const now = store.conversations.find(user.key, conversation.id);
    if (now) store.conversations.update(user.key, now, { title: now.title || titleOf(parts), draft: "" });
    return message;
  };
  if (!answer) return { message: shownMessage(store.transaction(add)), answer: null, context: null };
  const before = branchTo(store.messages.list(conversation.key), parent?.key ?? null);
  const prepared = await prepare(call, {
    conversation,
    branch: [...before, { role, parts }],
    model,
    options,
    tools,
  });
  if (id !== undefined && !store.messages.isFree(id)) {
    prepared.cancel(); // the same request came while this one was prepared
    return repeated(call, saidBefore(call, saying)!);
  }
  let message: StoredMessage | undefined;
  const begun = begin(call, conversation, prepared, () => {
    message = add();
    return message.key;
  });
  return { message: shownMessage(message!), answer: shownMessage(begun), context: prepared.context };
}

/** The beginning of what was said first. */
function titleOf(parts: readonly Part[]): string {
  const [line] = textOf(parts).trim().slice(0, 1000).split("\n", 1);
  return Array.from(line).slice(0, TITLE).join("");
}

/** The message of the same request, where it came before. @throws {Problem} 409 where its id stands for something else */
function saidBefore({ app, user }: Caller, saying: Saying): StoredMessage | undefined {
  const { id, conversation, parent, isPlaced, role, parts } = saying;
  if (id === undefined || app.store.messages.isFree(id)) return undefined;
  const known = app.store.messages.find(user.key, id);
  const isSame =
    known?.conversation === conversation.key &&
    known.role === role &&
    (!isPlaced || known.parentKey === (parent?.key ?? null)) &&
    JSON.stringify(known.parts) === JSON.stringify(parts);
  if (!isSame) throw idTaken(id);
  return known;
}

/** What was answered before to a request that is made once more. */
function repeated({ app }: Caller, message: StoredMessage) {
  const answers = app.store.messages
    .list(message.conversation)
    .filter(({ parentKey }) => parentKey === message.key);
  const answer = answers.find(({ role }) => role === "assistant");
  return { message: shownMessage(message), answer: answer ? shownMessage(answer) : null, context: null };
}

/** Stores an empty answer under what `parent` stores or names, and has the model write into it. */
function begin(
  { app }: Caller,
  { key }: StoredConversation,
  prepared: Prepared,
  parent: () => number | null,
): StoredMessage {
  const { store } = app;
  const { model, assistant, parts } = prepared;
  return started(prepared, () =>
    store.transaction(() => {
      store.messages.dropLogs(key);
      const answer = store.messages.add({
        conversation: key,
        parent: parent(),
        role: "assistant",
        parts,
        model,
        assistant,
        status: "running",
      });
      store.conversations.setLeaf(key, answer.key);
      return answer;
    }),
  );
}

/** Stores an answer's message and starts it; where it cannot be stored, the place at the model is free again. */
function started(prepared: Prepared, store: () => StoredMessage): StoredMessage {
  let message: StoredMessage;
  try {
    message = store();
  } catch (error) {
    prepared.cancel();
    throw error;
  }
  prepared.start(message);
  return message;
}

const noCalls = () => new Problem(409, "this message is no answer that asks for tools", { code: "no_calls" });

function cannotGoOn({ role, status }: StoredMessage): Problem {
  const what = role === "assistant" ? `an answer that is ${status}` : "a message that is no answer";
  return new Problem(409, `${what} cannot be continued`, { code: "cannot_continue" });
}
