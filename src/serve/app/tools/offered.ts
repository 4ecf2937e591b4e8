// The tools that a model is offered, under names that tell whose each is.
import type { Assistant } from "../../../store/assistants.ts";
import type { ToolServer } from "../../../store/tool-servers.ts";
import type { StoredUser } from "../../../store/users.ts";
import type { Tool } from "../../../upstream/tool-connections.ts";
import type { Application } from "../application.ts";

/** A tool, and where it is called. */
export interface Offered {
  /** As the model calls it. */
  readonly name: string;
  readonly server: ToolServer;
  readonly tool: Tool;
}

/** The tools of some servers of a user. A server that cannot be reached fails all: a model would not know what it lacks. */
export async function offeredTools(
  { store, connections }: Application,
  { key, role }: StoredUser,
  ids: readonly string[],
): Promise<Offered[]> {
  // What runs on the server's machine, or is reached from there, is for administrators alone.
  const all = role === "admin" ? store.toolServers.list(key) : [];
  const servers = all.filter(({ id }) => ids.includes(id));
  const lists = await Promise.all(
    servers.map(async (server) => ({ server, tools: await connections.tools(server) })),
  );
  const taken = new Set<string>();
  return lists.flatMap(({ server, tools }) =>
    tools.map((tool) => {
      const name = freeName(`${server.name}_${tool.name}`, taken);
      taken.add(name);
      return { name, server, tool };
    }),
  );
}

/** As chat templates read them. */
export const toDefinition = ({ name, tool }: Offered): Assistant["tools"][number] => ({
  type: "function",
  function: { name, description: tool.description, parameters: tool.inputSchema },
});

/** A name of letters, digits, - and _ that no other tool has. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const plain = wanted.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 60);
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}_${n}`;
    if (!taken.has(name)) return name;
  }
}
