// An endpoint for tests that answers as it is told: it counts, refuses, breaks off, hangs.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What it does with a request. */
export type Behaviour = (response: ServerResponse, body: Record<string, unknown>) => void;

/** Starts one; `behave` is asked anew for each request. */
export async function fakeEndpoint(behave: (path: string, count: number) => Behaviour) {
  let count = 0;
  const keys: (string | undefined)[] = [];
  const closed: (() => void)[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    keys.push(request.headers.authorization);
    response.on("close", () => closed.shift()?.());
    behave(request.url ?? "", ++count)(response, JSON.parse(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}/v1`,
    keys,
    get count() {
      return count;
    },
    /** Resolves when the next connection that ends has ended. */
    nextClose: () => new Promise<void>((resolve) => closed.push(resolve)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const refuses =
  (status: number, message = "no", headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, headers);
    response.end(JSON.stringify({ error: { message } }));
  };

/** A stream of these events, and then the end, silence or a broken connection. */
export const streams =
  (events: readonly unknown[], then: "ends" | "hangs" | "breaks" = "ends"): Behaviour =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const event of events) {
      response.write(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
    }
    if (then === "ends") response.end("data: [DONE]\n\n");
    if (then === "breaks") setImmediate(() => response.destroy());
  };

export const delta = (fields: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});

export const says = (...words: string[]) => words.map((content) => delta({ content }));
