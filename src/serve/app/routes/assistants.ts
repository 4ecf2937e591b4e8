// Assistants: list, make, open, change, delete, duplicate, share as a file.
import { plain, required } from "../../../option-kinds.ts";
import type { Table } from "../../../options.ts";
import { type Assistant, type AssistantFields, fieldsOf } from "../../../store/assistants.ts";
import type { Route } from "../../route.ts";
import { objectOf, TEXT } from "../../schema-parts.ts";
import { type AppCall, appGet, appPost, appRemove, idTaken, notFound } from "../app-route.ts";
import { assistantTable, toFields } from "../assistant-fields.ts";
import { attachment } from "../attachment.ts";
import { readAssistant, toAssistantFile } from "../formats/assistant-file.ts";
import { NOTICES } from "../formats/found-assistant.ts";
import { readData } from "../formats/read-data.ts";
import { newIdText } from "../query.ts";
import { assistant, listOf, nothing, OBJECT, summary } from "../schemas.ts";

const ASSISTANT = objectOf({ assistant });
/** The same fields, none of which must be given. */
const changes = Object.fromEntries(
  Object.entries(assistantTable).map(([name, { kind, allowed, schema, read }]) => [
    name,
    { kind, allowed, schema, read },
  ]),
) as Table;

function find({ app, user, id }: AppCall<unknown, object>): Assistant {
  const found = app.store.assistants.find(user.key, id);
  if (!found) throw notFound("assistant", id);
  return found;
}

const create = ({ app, user }: AppCall<unknown, object>, fields: AssistantFields, id?: string) =>
  app.store.transaction(() => app.store.assistants.create(user.key, fields, id));

export const assistantRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/assistants",
    summary: "Lists assistants, without their tools and files.",
    answer: objectOf({ assistants: listOf(summary) }),
    handle: ({ app, user }) => ({ assistants: app.store.assistants.list(user.key) }),
  }),
  appPost({
    path: "/app/v1/assistants",
    summary: "Makes an assistant, under an id of one's own where one is given.",
    body: { id: newIdText, ...assistantTable },
    bounds: { bytes: 32 * 1024 * 1024 },
    answer: ASSISTANT,
    handle(call) {
      const { id, ...fields } = call.body;
      if (id !== undefined && !call.app.store.assistants.isFree(id)) throw idTaken(id);
      return { assistant: create(call, toFields(fields), id) };
    },
  }),
  appPost({
    path: "/app/v1/assistants/import",
    summary: "Makes an assistant of a file: this project's, or Hugging Chat's.",
    body: { data: required(plain) },
    bounds: { bytes: 32 * 1024 * 1024 },
    answer: objectOf({ assistant, notices: listOf(TEXT) }),
    handle(call) {
      const { fields, notices } = readData(() => readAssistant(call.body.data));
      return { assistant: create(call, fields), notices: notices.map((notice) => NOTICES[notice]) };
    },
  }),
  appGet({
    path: "/app/v1/assistants/{id}",
    summary: "An assistant.",
    answer: ASSISTANT,
    handle: (call) => ({ assistant: find(call) }),
  }),
  appPost({
    path: "/app/v1/assistants/{id}",
    summary: "Changes what is given of an assistant.",
    body: changes,
    bounds: { bytes: 32 * 1024 * 1024 },
    answer: ASSISTANT,
    handle(call) {
      const { app, user, id, body } = call;
      const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      const fields = toFields({ ...fieldsOf(find(call)), ...given } as AssistantFields);
      return { assistant: app.store.transaction(() => app.store.assistants.update(user.key, id, fields)) };
    },
  }),
  appRemove({
    path: "/app/v1/assistants/{id}",
    summary: "Deletes an assistant; its conversations stay.",
    answer: nothing,
    handle(call) {
      const { app, user, id } = call;
      if (!app.store.assistants.delete(user.key, id)) throw notFound("assistant", id);
      return { deleted: true };
    },
  }),
  appPost({
    path: "/app/v1/assistants/{id}/duplicate",
    summary: "Makes another like it.",
    body: {},
    answer: ASSISTANT,
    handle(call) {
      const fields = fieldsOf(find(call));
      return { assistant: create(call, { ...fields, name: `${fields.name.slice(0, 96)} (2)` }) };
    },
  }),
  appGet({
    path: "/app/v1/assistants/{id}/export",
    summary: "An assistant as one file.",
    answer: OBJECT,
    handle(call) {
      const found = find(call);
      return attachment(`${JSON.stringify(toAssistantFile(found), null, 2)}\n`, {
        name: `${found.name}.assistant.json`,
        type: "application/json",
      });
    },
  }),
];
