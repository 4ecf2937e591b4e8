// Connections to servers of tools: opened when they are needed, closed when they are idle.
import type { Client } from "@modelcontextprotocol/client";
import { BaimoError } from "../errors.ts";
import type { ToolServer } from "../store/tool-servers.ts";
import { splitCommand } from "./command-line.ts";

/** A tool as its server describes it. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

interface Connection {
  readonly client: Client;
  readonly tools: readonly Tool[];
  idle?: ReturnType<typeof setTimeout>;
}

const IDLE_MS = 10 * 60_000;
const CONNECT_MS = 15_000;
const CALL_MS = 120_000;
const MOST_TOOLS = 128;
/** Characters of a result that a model is told. */
const MOST_RESULT = 100_000;

export class Connections {
  readonly #open = new Map<string, Promise<Connection>>();

  /** The tools of a server. @throws {BaimoError} `upstream` where it cannot be reached */
  async tools(server: ToolServer): Promise<readonly Tool[]> {
    return (await this.#connect(server)).tools;
  }

  /** Calls a tool; what it says as text. @throws {BaimoError} `upstream` where it fails */
  async call(server: ToolServer, name: string, given: object, signal: AbortSignal): Promise<string> {
    return textOf(await this.#result(server, name, given, signal)).slice(0, MOST_RESULT);
  }

  /** Calls a tool; what it gives as data. @throws {BaimoError} `upstream` where it fails, or gives none */
  async data(server: ToolServer, name: string, given: object, signal: AbortSignal): Promise<unknown> {
    const result = await this.#result(server, name, given, signal);
    const { structuredContent, isError } = result as { structuredContent?: unknown; isError?: boolean };
    const text = textOf(result).slice(0, MOST_RESULT);
    if (isError) throw failure(server, text);
    if (structuredContent !== undefined) return structuredContent;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw failure(server, new Error(`what ${name} said is no JSON`, { cause }));
    }
  }

  async #result(server: ToolServer, name: string, given: object, signal: AbortSignal): Promise<object> {
    const { client } = await this.#connect(server);
    try {
      return await client.callTool(
        { name, arguments: given as Record<string, unknown> },
        { signal, timeout: CALL_MS },
      );
    } catch (cause) {
      throw failure(server, cause);
    }
  }

  /** Closes the connection to a server, if there is one. */
  async close(id: string): Promise<void> {
    const opening = this.#open.get(id);
    this.#open.delete(id);
    const connection = await opening?.catch(() => undefined);
    clearTimeout(connection?.idle);
    await connection?.client.close().catch(() => {});
  }

  async closeAll(): Promise<void> {
    await Promise.all(Array.from(this.#open.keys(), (id) => this.close(id)));
  }

  async #connect(server: ToolServer): Promise<Connection> {
    const { id } = server;
    let opening = this.#open.get(id);
    if (!opening) {
      opening = connect(server, () => this.#open.delete(id));
      this.#open.set(id, opening);
      opening.catch(() => this.#open.delete(id));
    }
    const connection = await opening;
    clearTimeout(connection.idle);
    connection.idle = setTimeout(() => void this.close(id), IDLE_MS);
    (connection.idle as { unref?: () => void }).unref?.();
    return connection;
  }
}

async function connect(server: ToolServer, onClose: () => void): Promise<Connection> {
  const { Client } = await loadClient();
  const client = new Client({ name: "baimo", version: "1" });
  client.onclose = onClose;
  try {
    await client.connect(await transportOf(server), { timeout: CONNECT_MS });
    const { tools } = await client.listTools({}, { timeout: CONNECT_MS });
    const read = tools.slice(0, MOST_TOOLS).map(({ name, description = "", inputSchema }) => ({
      name,
      description: description.slice(0, 4000),
      inputSchema,
    }));
    return { client, tools: read };
  } catch (cause) {
    await client.close().catch(() => {});
    throw failure(server, cause);
  }
}

async function transportOf({ kind, target }: ToolServer) {
  if (kind === "address") {
    const { StreamableHTTPClientTransport } = await loadClient();
    return new StreamableHTTPClientTransport(new URL(target));
  }
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const [command, ...args] = splitCommand(target);
  return new StdioClientTransport({ command, args, stderr: "ignore" });
}

async function loadClient() {
  try {
    return await import("@modelcontextprotocol/client");
  } catch (cause) {
    const message = "tools need the package @modelcontextprotocol/client; npm install it beside baimo";
    throw new BaimoError("request", message, { cause });
  }
}

const failure = ({ name }: ToolServer, cause: unknown) =>
  cause instanceof BaimoError
    ? cause
    : new BaimoError(
        "upstream",
        `the tools of "${name}" failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );

/** What of a result is text; of the rest, that it was there. */
function textOf(result: object): string {
  const {
    content = [],
    structuredContent,
    isError,
  } = result as {
    content?: { type: string; text?: string }[];
    structuredContent?: unknown;
    isError?: boolean;
  };
  const texts = content.map(({ type, text }) => (type === "text" ? (text ?? "") : `[${type}]`));
  const whole =
    texts.join("\n") || (structuredContent === undefined ? "" : JSON.stringify(structuredContent));
  return isError ? `The tool failed: ${whole}` : whole;
}
