// The server as a function, (Request) => Promise<Response>: the routes of the table over Hono.
import { Hono } from "hono";
import { cors } from "hono/cors";
import { call, readOptions } from "../options.ts";
import { createApplication, type MaybeApplication } from "./app/application.ts";
import { readJson } from "./body.ts";
import { refuseCrossSite } from "./cross-site.ts";
import { type Dialect, OPEN_AI } from "./dialect.ts";
import { type HandlerOptions, handlerTable } from "./options.ts";
import { Problem, toProblem } from "./problem.ts";
import { ignoredIn, readBody } from "./requests/fields.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import { Server } from "./server.ts";

/** A server: what `fetch` is to a client, in a process, in a worker or behind a socket. */
export type Handler = (request: Request) => Promise<Response>;

/** The header that names the fields of a request which changed nothing. */
const IGNORED = "baimo-ignored";
/** As proxies log it: the client went away, so nobody reads this. */
const LEFT = 499;

/**
 * Makes a server of models, and a page: `GET /openapi.json` tells its routes. Requests and answers are OpenAI's, with
 * routes for Anthropic's and Ollama's clients; an answer
 * stops when its request is aborted or its stream is cancelled.
 * @throws {BaimoError} `request` for a wrong option, `config` when two models of a list have one name
 */
export function createHandler(given: HandlerOptions): Handler {
  const options = readOptions(given, handlerTable, call("createHandler"));
  const { page, allowOrigins, onError } = options;
  const server = new Server(options);
  const application = createApplication(options.application, server);
  const app = new Hono({ strict: false });
  if (allowOrigins.length > 0) {
    const origin = allowOrigins.includes("*") ? "*" : allowOrigins;
    // Conversations are for this server's own page alone.
    const allow = cors({ origin, allowMethods: ["GET", "POST", "DELETE"], exposeHeaders: [IGNORED] });
    app.use(async (c, next) => (c.req.path.startsWith("/app/") ? next() : allow(c, next)));
  }
  /** The whole answer that tells of a problem. */
  const refuse = (error: unknown, { signal }: Request, dialect: Dialect = OPEN_AI): Response => {
    if (signal.aborted) return new Response(null, { status: LEFT });
    const problem = toProblem(error);
    const { status, details } = problem;
    if (status === 500) onError?.(error);
    return Response.json(dialect.problem(problem), { status, headers: { ...details.headers } });
  };
  for (const route of routes) {
    app.on(route.method, patternOf(route), async (c) => {
      const started = performance.now();
      const record = server.record(c.req.raw, route.path);
      const end = record.hold();
      const count = (status: number, code?: string) => {
        server.metrics.request(route.method, route.path, status, (performance.now() - started) / 1000);
        record.answered(status, code);
      };
      try {
        const response = await answer(route, {
          request: c.req.raw,
          id: c.req.param("id") ?? "",
          server,
          application,
        });
        count(response.status);
        return response;
      } catch (error) {
        const { status, details } = toProblem(error);
        count(c.req.raw.signal.aborted ? LEFT : status, details.code);
        return refuse(error, c.req.raw, route.dialect);
      } finally {
        end();
      }
    });
  }
  for (const pattern of new Set(routes.map(patternOf))) {
    const here = routes.filter((route) => patternOf(route) === pattern);
    const allow = here.map(({ method }) => method).join(", ");
    app.all(pattern, (c) => {
      const message = `${c.req.method} is not a method of ${c.req.path.slice(0, 200)}; use ${allow}`;
      const problem = new Problem(405, message, { code: "method_not_allowed", headers: { allow } });
      return refuse(problem, c.req.raw, here[0].dialect);
    });
  }
  app.get("*", async (c, next) => (await page?.(c.req.path)) ?? next());
  // Ollama's clients look here whether there is a server.
  app.get("/", (c) => c.text("baimo is running"));
  app.notFound((c) => {
    const message = `there is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}`;
    return refuse(new Problem(404, message, { code: "unknown_url" }), c.req.raw);
  });
  app.onError((error, c) => refuse(error, c.req.raw));
  return async (request) => app.fetch(request);
}

/** Hono's pattern of a path; an id may hold slashes, but none of the application's does. */
const patternOf = ({ path }: Route): string =>
  path.replace("{id}", path.startsWith("/app/") ? ":id" : ":id{.+}");

/** What is known of a call before its body is read. */
interface Arrival {
  readonly request: Request;
  readonly id: string;
  readonly server: Server;
  readonly application: MaybeApplication;
}

/** Reads the body by the route's table, and lets the route answer. */
async function answer(route: Route, arrival: Arrival): Promise<Response> {
  const { request, server } = arrival;
  refuseCrossSite(request, server.options.allowOrigins);
  const ignored: string[] = [];
  const releases: (() => void)[] = [];
  const visit = await server.admit(request, route.scope);
  releases.push(visit.hold());
  const find = async (name: string | undefined) => {
    const lease = await server.models.find(name, request);
    releases.push(lease.release);
    return lease;
  };
  const call = { ...arrival, visit, ignored, find };
  try {
    if (!route.body) return await route.handle({ ...call, body: undefined });
    const given = await readJson(request, route.bounds ?? { bytes: server.options.maxBodyBytes });
    await server.turns.take();
    const body = readBody(given, route.body);
    if (!route.secret) server.recordOf(request)?.body(given);
    const response = await route.handle({ ...call, body });
    const unused = [...ignoredIn(given, route.body), ...ignored];
    if (unused.length > 0) response.headers.set(IGNORED, unused.join(", "));
    return response;
  } finally {
    for (const release of releases) release();
  }
}
