// A server's handler as an MCP server: its tools ask the routes, with the caller's key.
import type { McpServer } from "@modelcontextprotocol/server";
import { BaimoError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { Handler } from "../serve/handler.ts";
import { type AskRoute, TOOLS, type Tool } from "./tools.ts";

/** An MCP server over HTTP. */
export interface Mcp {
  /** Answers a request of the protocol, streamable HTTP: of 2026-07-28, and without a session those before. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/** What a request is sent with, and what its own requests to routes therefore have. */
const PASSED_ON = ["authorization", "x-api-key", "origin", "sec-fetch-site", "traceparent"];
const MOST_BODY_BYTES = 4 * 2 ** 20;

/**
 * The models of a server as tools: models, chat, complete, score, embed, rerank. Each call asks a route of `handler` with the
 * key of whoever calls.
 * @throws {BaimoError} `request` where the package @modelcontextprotocol/server is not installed
 */
export async function createMcp(handler: Handler): Promise<Mcp> {
  const { createMcpHandler } = await loadServer();
  const factory = await serverFactory(handler);
  return createMcpHandler(factory, { maxRequestBodySize: MOST_BODY_BYTES });
}

/** Makes a server of tools for a connection, or for a request. */
export async function serverFactory(
  handler: Handler,
): Promise<(from: { requestInfo?: Request }) => McpServer> {
  const { McpServer: Server, fromJsonSchema } = await loadServer();
  const tools = TOOLS.map((tool) => ({
    tool,
    inputSchema: fromJsonSchema<Record<string, unknown>>({ ...tool.input }),
    outputSchema: fromJsonSchema<Record<string, unknown>>({ ...tool.output }),
  }));
  return ({ requestInfo }) => {
    const server = new Server({ name: "baimo", version: "1" });
    for (const { tool, inputSchema, outputSchema } of tools) {
      const { name, description } = tool;
      const annotations = { readOnlyHint: true, openWorldHint: false };
      server.registerTool(
        name,
        { description, inputSchema, outputSchema, annotations },
        (given, { mcpReq }) => call(tool, given, askRoutes(handler, requestInfo, mcpReq.signal)),
      );
    }
    return server;
  };
}

/** What a client of a tool is told: its answer, or what is wrong with the call. */
async function call(tool: Tool, given: Readonly<Record<string, unknown>>, ask: AskRoute) {
  try {
    const answer = await tool.answer(given, ask);
    return {
      content: [{ type: "text" as const, text: JSON.stringify(answer) }],
      structuredContent: { ...answer },
    };
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    return { content: [{ type: "text" as const, text: error.message }], isError: true };
  }
}

function askRoutes(handler: Handler, from: Request | undefined, signal: AbortSignal): AskRoute {
  const headers = new Headers({ "content-type": "application/json" });
  for (const name of PASSED_ON) {
    const value = from?.headers.get(name);
    if (value) headers.set(name, value);
  }
  const origin = from ? new URL(from.url).origin : "http://localhost";
  return async (path, body) => {
    const method = body ? "POST" : "GET";
    const request = new Request(origin + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal,
    });
    const response = await handler(request);
    const reply: unknown = await response.json();
    if (response.ok && isRecord(reply)) return reply;
    const { error } = isRecord(reply) ? reply : {};
    const { message } = isRecord(error) ? error : {};
    throw new BaimoError(
      "request",
      typeof message === "string" ? message : `the server answered ${response.status}`,
    );
  };
}

async function loadServer() {
  try {
    return await import("@modelcontextprotocol/server");
  } catch (cause) {
    const message = "MCP needs a package beside baimo: npm install @modelcontextprotocol/server";
    throw new BaimoError("request", message, { cause });
  }
}
