// Serves a handler on a port of this machine, through Node's http.
import { createServer, type Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener, type Http2Bindings, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { BaimoError } from "../errors.ts";
import { callback } from "../option-kinds.ts";
import { call, readOptions } from "../options.ts";
import type { Handler } from "./handler.ts";
import { type ListenOptions, listenTable } from "./options.ts";
import { closingProblem, Problem, toProblemResponse } from "./problem.ts";

export type { EnergyMeter } from "./energy.ts";
export { measuredEnergy, statedEnergy } from "./energy-meters.ts";
export { type KeyFile, openKeys } from "./keys/key-file.ts";
export type { ListenOptions } from "./options.ts";
export { openPage, type Page } from "./page-files.ts";

/** A server that listens. */
export interface Listening {
  /** Where to find it, without a slash at the end: "http://127.0.0.1:8080". */
  url: string;
  port: number;
  /** Answers new requests with 503, and waits until those under way are answered, but no longer than so many seconds. */
  drain(seconds: number): Promise<void>;
  /** Takes no more requests, waits for the answers under way, and resolves when every connection is closed. */
  close(): Promise<void>;
}

/**
 * Serves a handler over HTTP. On a loopback address only requests for a loopback name are answered, since a page from
 * elsewhere may have its own name resolve to this machine (DNS rebinding) and then ask as if it were ours.
 * @throws {BaimoError} `request` for a wrong option, or when the port is taken or not ours to take
 */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listening> {
  const { port, host, graceSeconds, signal } = readOptions(options, listenTable, call("listen"));
  const answer = callback<Handler>().read(handler, "handler", call("listen"));
  let draining = false;
  const unlessDraining: Handler = async (request) => (draining ? refuseToBegin() : answer(request));
  const guarded = isLoopback(host) ? onlyLoopbackNames(unlessDraining) : unlessDraining;
  const fetch = async (request: Request, { incoming, outgoing }: HttpBindings | Http2Bindings) => {
    const response = await (hostsOf(incoming) > 1 ? refuseHosts() : guarded(request));
    const isStream = response.headers.get("x-accel-buffering") === "no";
    return isStream && outgoing instanceof ServerResponse ? sendStream(response, outgoing) : response;
  };
  const server = createServer(getRequestListener(fetch, { overrideGlobalObjects: false, hostname: host }));
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    socket.setNoDelay(true); // a token is a small packet that should not wait for the next one
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  let closing: Promise<void> | undefined;
  let active = 0;
  let onIdle = () => {};
  server.on("request", (_, response) => {
    active++;
    response.once("close", () => {
      if (--active === 0) onIdle();
      if (closing) server.closeIdleConnections();
    });
  });
  await startListening(server, port, host);
  const address = server.address() as AddressInfo; // a TCP server has no other kind
  const close = () => {
    closing ??= new Promise((resolve) => {
      signal?.removeEventListener("abort", close);
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceSeconds * 1000);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
    return closing;
  };
  const drain = async (seconds: number) => {
    draining = true;
    if (active === 0) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, seconds * 1000);
      onIdle = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  };
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted) await close();
  const anywhere = ["0.0.0.0", "::"].includes(address.address);
  const name = anywhere ? "localhost" : address.family === "IPv6" ? `[${address.address}]` : address.address;
  return { url: `http://${name}:${address.port}`, port: address.port, drain, close };
}

/**
 * Sends a stream's parts as they come, the head with the first of them: the adapter waits with both, to find out whether
 * the answer is a short one. A client that leaves cancels the stream.
 */
async function sendStream({ status, headers, body }: Response, outgoing: ServerResponse): Promise<Response> {
  const reader = body!.getReader();
  let wake = () => {};
  outgoing.on("drain", () => wake());
  outgoing.once("close", () => {
    void reader.cancel().catch(() => {});
    wake();
  });
  outgoing.writeHead(status, Object.fromEntries(headers));
  const isLate = setImmediate(() => outgoing.flushHeaders());
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearImmediate(isLate);
      if (outgoing.write(next.value) || outgoing.closed) continue;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  } finally {
    clearImmediate(isLate);
  }
  return RESPONSE_ALREADY_SENT;
}

/** How many hosts a request says it is for: which of two a proxy before us believed is not known (RFC 9112 §3.2). */
const hostsOf = ({ rawHeaders }: HttpBindings["incoming"] | Http2Bindings["incoming"]): number =>
  rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length;

function refuseHosts(): Response {
  return toProblemResponse(new Problem(400, "a request has one Host header; this one has several"));
}

function refuseToBegin(): Response {
  const response = toProblemResponse(closingProblem());
  response.headers.set("connection", "close");
  return response;
}

function startListening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "EADDRINUSE"
          ? "another program uses it; choose another port, or 0 for any"
          : `${cause.code ?? cause.message}`;
      reject(new BaimoError("request", `cannot listen on ${host}, port ${port}: ${why}`, { cause }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

/** Whether a host name or address means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return (
    name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name)
  );
}

function onlyLoopbackNames(handler: Handler): Handler {
  return async (request) => {
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    if (url && isLoopback(url.hostname)) return handler(request);
    const host = url?.hostname ?? request.headers.get("host") ?? "";
    const message = `this server answers this machine only, but was asked as "${host}"; ask for localhost, or let it listen on another address`;
    return toProblemResponse(new Problem(403, message, { code: "host_not_allowed" }));
  };
}
