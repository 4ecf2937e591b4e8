// Servers of tools: add, look at, trust, remove; the calls of an answer, once they are allowed.
import { kindOf, list, required, text } from "../../../option-kinds.ts";
import type { ToolServer } from "../../../store/tool-servers.ts";
import { splitCommand } from "../../../upstream/command-line.ts";
import { badParameter } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { objectOf, TEXT } from "../../schema-parts.ts";
import { type AppCall, appGet, appPost, appRemove, notFound } from "../app-route.ts";
import { listOf, nothing } from "../schemas.ts";

const address = kindOf(
  "text",
  "an address that begins with http:// or https://",
  (value) => typeof value === "string",
  (value) => value.length <= 4096 && /^https?:\/\//i.test(value) && URL.canParse(value),
  { type: "string", format: "uri" },
);

const SERVER = objectOf({
  server: objectOf({
    id: TEXT,
    name: TEXT,
    kind: { enum: ["address", "command"] },
    target: TEXT,
    trusted: listOf(TEXT),
    tools: listOf(objectOf({ name: TEXT, description: TEXT })),
    problem: { type: ["string", "null"] },
  }),
});

function find({ app, user, id }: AppCall<unknown, object>): ToolServer {
  const found = app.store.toolServers.find(user.key, id);
  if (!found) throw notFound("tool server", id);
  return found;
}

/** A server with its tools, or why they are not to be had. */
async function withTools({ app, server }: AppCall<unknown, object>, found: ToolServer) {
  try {
    const tools = await app.connections.tools(found);
    return { ...found, tools: tools.map(({ name, description }) => ({ name, description })), problem: null };
  } catch (error) {
    return { ...found, tools: [], problem: server.problemOf(error).message };
  }
}

export const toolRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/tools",
    summary: "One's servers of tools.",
    answer: objectOf({ servers: listOf(objectOf({ id: TEXT, name: TEXT, trusted: listOf(TEXT) })) }),
    handle: ({ app, user }) => ({ servers: app.store.toolServers.list(user.key) }),
  }),
  appPost({
    path: "/app/v1/tools",
    summary: "Adds a server of tools by its address or a command that starts it, for administrators.",
    admin: true,
    body: { name: required(text({ most: 40 })), address, command: text({ most: 4096 }) },
    answer: SERVER,
    async handle(call) {
      const { app, user, body } = call;
      const { name, address, command } = body;
      const target = address ?? command;
      if (target === undefined || (address !== undefined && command !== undefined)) {
        throw badParameter("address", "missing_required_parameter", "give either 'address' or 'command'");
      }
      if (command !== undefined) splitCommand(command);
      const kind = address === undefined ? "command" : "address";
      const make = () => app.store.toolServers.create(user.key, { name, kind, target });
      return { server: await withTools(call, app.store.transaction(make)) };
    },
  }),
  appGet({
    path: "/app/v1/tools/{id}",
    admin: true,
    summary: "A server of tools with its tools, which starts it, for administrators.",
    answer: SERVER,
    handle: async (call) => ({ server: await withTools(call, find(call)) }),
  }),
  appPost({
    path: "/app/v1/tools/{id}",
    admin: true,
    summary: "Says which tools are called without asking, for administrators.",
    body: { trusted: required(list(text({ most: 256 }), { most: 128 })) },
    answer: SERVER,
    async handle(call) {
      const { app, user, body } = call;
      const { id } = find(call);
      app.store.transaction(() => app.store.toolServers.trust(user.key, id, body.trusted));
      return { server: await withTools(call, find(call)) };
    },
  }),
  appRemove({
    path: "/app/v1/tools/{id}",
    admin: true,
    summary: "Removes a server of tools, for administrators.",
    answer: nothing,
    async handle(call) {
      const { app, user } = call;
      const { id } = find(call);
      app.store.transaction(() => app.store.toolServers.delete(user.key, id));
      await app.connections.close(id);
      return { deleted: true };
    },
  }),
];
