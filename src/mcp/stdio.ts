// Serves tools over standard input and output, as programs that start their MCP servers expect.
import { BaimoError } from "../errors.ts";
import type { Handler } from "../serve/handler.ts";
import { serverFactory } from "./create-mcp.ts";

/**
 * Answers on standard output, where nothing else may write, until it is closed or standard input ends.
 * @throws {BaimoError} `request` where the package @modelcontextprotocol/server is not installed
 */
export async function serveStdio(handler: Handler): Promise<{ close(): Promise<void> }> {
  const factory = await serverFactory(handler);
  const { serveStdio: serve } = await import("@modelcontextprotocol/server/stdio").catch((cause: unknown) => {
    throw new BaimoError("request", "MCP needs @modelcontextprotocol/server, 2 or later", { cause });
  });
  return serve(() => factory({}));
}
