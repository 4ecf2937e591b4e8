// Servers of tools as the application tells of them.
import { ask } from "../store/ask.ts";
import type { Handle } from "../talk/client.ts";

/** A server of tools; `tools` and `problem` once it has been looked at. */
export interface ToolServer {
  id: string;
  name: string;
  kind: "address" | "command";
  target: string;
  /** Tools, as models call them, that need not be asked for. */
  trusted: string[];
  tools?: { name: string; description: string }[];
  problem?: string | null;
}

interface One {
  server: ToolServer;
}

export const listServers = async (handle: Handle) =>
  (await ask<{ servers: ToolServer[] }>(handle, "GET", "tools")).servers;

/** The server with its tools, which starts it. */
export const lookAt = async (handle: Handle, id: string) =>
  (await ask<One>(handle, "GET", `tools/${id}`)).server;

export const addServer = async (
  handle: Handle,
  given: { name: string; address?: string; command?: string },
) => (await ask<One>(handle, "POST", "tools", given)).server;

export const trustTools = async (handle: Handle, id: string, trusted: string[]) =>
  (await ask<One>(handle, "POST", `tools/${id}`, { trusted })).server;

export const removeServer = (handle: Handle, id: string) => ask(handle, "DELETE", `tools/${id}`);

/** A tool as models call it: letters, digits, - and _, the server's name first. */
export const offeredName = ({ name }: ToolServer, tool: string): string =>
  `${name}_${tool}`.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 60);
