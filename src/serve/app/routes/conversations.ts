// Conversations: list, make, open, change, delete and restore, and what they take of the context.
import { fields, flag, kindOf, text } from "../../../option-kinds.ts";
import { CURSOR } from "../../../store/conversations.ts";
import { asClient } from "../../requests/fields.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { answerOptions } from "../answer-options.ts";
import { appGet, appPost, appRemove, idTaken, notFound } from "../app-route.ts";
import { count } from "../ask.ts";
import { checkAssistant, conversationOf, openConversationOf } from "../find.ts";
import { contentText, FILES, parts, readContent } from "../parts-kind.ts";
import { branchTo } from "../prompt.ts";
import { flagText, idText, newIdText, wholeText } from "../query.ts";
import { conversation, listOf, opened } from "../schemas.ts";
import { shownConversation, shownMessage } from "../shown.ts";

const CONVERSATION = objectOf({ conversation });
const PASSAGES = objectOf({ read: COUNT, of: COUNT });
const COUNTED = objectOf({
  tokens: COUNT,
  contextLength: COUNT,
  model: TEXT,
  passages: { anyOf: [PASSAGES, { type: "null" }] },
});

const cursorText = kindOf(
  "text",
  "the cursor that came as `next`",
  (value) => typeof value === "string",
  (value) => CURSOR.test(value),
  TEXT,
);

const changes = {
  title: text({ least: 0, most: 1000 }),
  folder: idText,
  model: text({ least: 0, most: 1024 }),
  assistant: idText,
  settings: fields({ system: text({ least: 0, most: 200_000 }), options: answerOptions }),
  draft: text({ least: 0, most: 1_000_000 }),
};

export const conversationRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/conversations",
    summary: "Lists conversations by pages, pinned ones first, then the latest.",
    query: { limit: wholeText(1, 200), cursor: cursorText, folder: idText, deleted: flagText },
    answer: objectOf({ conversations: listOf(conversation), next: { type: ["string", "null"] } }),
    handle({ app, user, query: { limit = 50, cursor, folder, deleted } }) {
      const { conversations } = app.store;
      const page = deleted
        ? { conversations: conversations.listDeleted(user.key), next: null }
        : conversations.list(user.key, { limit, cursor, folder });
      return { conversations: page.conversations.map(shownConversation), next: page.next };
    },
  }),
  appPost({
    path: "/app/v1/conversations",
    summary: "Makes a conversation; a second time with the same id it changes nothing.",
    body: { id: newIdText, ...changes },
    answer: opened,
    handle(call) {
      const { app, user, body } = call;
      const { conversations, messages } = app.store;
      const known = body.id === undefined ? undefined : conversations.find(user.key, body.id);
      if (known) {
        return {
          conversation: shownConversation(known),
          messages: messages.list(known.key).map(shownMessage),
        };
      }
      if (body.id !== undefined && !conversations.isFree(body.id)) throw idTaken(body.id);
      checkAssistant(call, body.assistant);
      const made = app.store.transaction(() => conversations.create(user.key, body));
      return { conversation: shownConversation(made), messages: [] };
    },
  }),
  appGet({
    path: "/app/v1/conversations/{id}",
    summary: "A conversation with all of its messages.",
    answer: opened,
    handle(call) {
      const found = conversationOf(call);
      const messages = call.app.store.messages.list(found.key);
      return { conversation: shownConversation(found), messages: messages.map(shownMessage) };
    },
  }),
  appPost({
    path: "/app/v1/conversations/{id}",
    summary: "Changes what is given of a conversation.",
    body: { pinned: flag, ...changes },
    answer: CONVERSATION,
    handle(call) {
      const { app, user, body } = call;
      const before = openConversationOf(call);
      if (body.folder && !app.store.folders.find(user.key, body.folder))
        throw notFound("folder", body.folder);
      if (body.assistant !== before.assistant) checkAssistant(call, body.assistant);
      const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      const change = () => app.store.conversations.update(user.key, before, given);
      return { conversation: shownConversation(app.store.transaction(change)) };
    },
  }),
  appRemove({
    path: "/app/v1/conversations/{id}",
    summary: "Deletes a conversation; for 30 days it can be restored.",
    answer: CONVERSATION,
    async handle(call) {
      const { app, user, id } = call;
      const found = openConversationOf(call);
      await app.answers.stopIn((key) => key === found.key);
      app.store.transaction(() => app.store.conversations.setDeleted(found, Date.now()));
      return { conversation: shownConversation(app.store.conversations.find(user.key, id)!) };
    },
  }),
  appPost({
    path: "/app/v1/conversations/{id}/restore",
    summary: "Takes a deletion back.",
    body: {},
    answer: CONVERSATION,
    handle(call) {
      const found = conversationOf(call);
      const { conversations } = call.app.store;
      call.app.store.transaction(() => conversations.setDeleted(found, null));
      return { conversation: shownConversation(conversations.find(call.user.key, call.id)!) };
    },
  }),
  appPost({
    path: "/app/v1/conversations/{id}/count",
    summary: "How much of the context the conversation takes, with a message that is not sent yet.",
    body: { parent: idText, text: contentText, parts, model: changes.model },
    bounds: FILES,
    answer: COUNTED,
    handle(call) {
      const { app, body } = call;
      const found = conversationOf(call);
      const messages = app.store.messages.list(found.key);
      const parent = body.parent === undefined ? found.leaf : body.parent;
      const at = messages.find(({ id }) => id === parent)?.key ?? null;
      const isNew = body.text !== undefined || body.parts !== undefined;
      const said = isNew ? [{ role: "user" as const, parts: readContent(body, asClient) }] : [];
      return count(call, {
        conversation: found,
        branch: [...branchTo(messages, at), ...said],
        model: body.model || undefined,
      });
    },
  }),
  appPost({
    path: "/app/v1/count",
    summary: "How much of the context a first message would take, before there is a conversation.",
    body: {
      text: contentText,
      parts,
      model: changes.model,
      assistant: idText,
      system: text({ least: 0, most: 200_000 }),
    },
    bounds: FILES,
    answer: COUNTED,
    handle(call) {
      const { body } = call;
      checkAssistant(call, body.assistant);
      const { model, assistant, system } = body;
      return count(call, {
        conversation: { model: model || null, assistant: assistant || null, settings: { system } },
        branch: [{ role: "user", parts: readContent(body, asClient) }],
      });
    },
  }),
];
