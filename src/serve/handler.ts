// The server as a function, (Request) => Promise<Response>: OpenAI's routes over Hono.
import { Hono } from "hono";
import { cors } from "hono/cors";
import { BaimoError, throwIfAborted } from "../errors.ts";
import { Channel } from "../generate/channel.ts";
import type { ChatEvent, Model } from "../generate/types.ts";
import { listed } from "../option-kinds.ts";
import { call, readOptions } from "../options.ts";
import { readJson } from "./body.ts";
import { type ChatRequest, readChatRequest } from "./chat-request.ts";
import { type AnswerContext, type Events, toCompletion, toStreamParts } from "./completion.ts";
import { Readers, toEvents } from "./event-stream.ts";
import { type HandlerOptions, handlerTable } from "./options.ts";
import { badParameter, Problem, toProblem, toProblemResponse } from "./problem.ts";

/** A server: what `fetch` is to a client, in a process, in a worker or behind a socket. */
export type Handler = (request: Request) => Promise<Response>;

/** Streams that may be open for each place in the queue: answers that are done but not yet read. */
const READERS_A_PLACE = 4;

/**
 * Makes a server of models: `GET /v1/models`, `GET /v1/models/{id}`, `POST /v1/chat/completions`, `GET /health`, and a
 * page. Requests and answers are OpenAI's; an answer stops when its request is aborted or its stream is cancelled.
 * @throws {BaimoError} `request` for a wrong option, `config` when two models of a list have one name
 */
export function createHandler(given: HandlerOptions): Handler {
  const options = readOptions(given, handlerTable, call("createHandler"));
  const { page, maxBodyBytes, maxWaiting, stallSeconds, onError } = options;
  const models = byId(options.models);
  const started = Math.floor(Date.now() / 1000);
  const queues = new Queues(maxWaiting);
  const readers = new Readers(READERS_A_PLACE * (maxWaiting + 1));
  const working = new Set<AbortController>();
  options.signal?.addEventListener("abort", () => {
    for (const work of working) work.abort(closingProblem());
  });
  const app = new Hono({ strict: false });

  if (options.allowOrigins.length > 0) {
    const origin = options.allowOrigins.includes("*") ? "*" : options.allowOrigins;
    app.use(cors({ origin, allowMethods: ["GET", "POST"] }));
  }

  app.get("/health", (c) => {
    const queue = { ...queues.count(), limit: maxWaiting };
    const unwell = Array.from(models.values(), ({ status }) => status).find((status) => status !== "ready");
    const health = { status: unwell ?? "ok", models: [...models.keys()], queue };
    return c.json(health, unwell ? 503 : 200);
  });

  const listing = (id: string, model: Model) => ({
    id,
    object: "model",
    created: started,
    owned_by: "baimo",
    context_length: model.contextLength,
  });
  app.get("/v1/models", (c) =>
    c.json({ object: "list", data: Array.from(models, ([id, model]) => listing(id, model)) }),
  );
  app.get("/v1/models/:id{.+}", (c) => {
    const id = c.req.param("id");
    return c.json(listing(id, findModel(models, id)));
  });

  app.post("/v1/chat/completions", async (c) => {
    const request = c.req.raw;
    const chat = readChatRequest(await readJson(request, maxBodyBytes));
    const id = chat.model ?? onlyModel(models);
    const model = findModel(models, id);
    if (options.signal?.aborted) throw closingProblem();
    const leave = queues.enter(model);
    const work = new AbortController();
    // The stream holds this, and this the request: a request that is collected takes its signal along.
    const stop = () => {
      request.signal.removeEventListener("abort", stop);
      work.abort();
    };
    working.add(work);
    request.signal.addEventListener("abort", stop, { once: true });
    if (request.signal.aborted) stop();
    const events = generate(model, chat, work.signal, () => {
      working.delete(work);
      leave();
    });
    const context: AnswerContext = {
      id,
      model,
      logprobs: chat.options.logprobs !== undefined,
      includeUsage: chat.includeUsage,
    };
    if (!chat.stream) {
      return c.json(await toCompletion(events, context));
    }
    // The first part shows that the prompt was accepted; until then a failure still has a status of its own.
    const parts = await startEarly(toStreamParts(events, context));
    const strings = toEvents(parts, { onError, signal: work.signal });
    const stream = readers.open(strings, { stop, stallSeconds });
    const headers = {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    };
    return new Response(stream, { headers });
  });

  const methods = {
    "/health": "GET",
    "/v1/models": "GET",
    "/v1/models/:id{.+}": "GET",
    "/v1/chat/completions": "POST",
  };
  for (const [path, allow] of Object.entries(methods)) {
    app.all(path, (c) => {
      const message = `${c.req.method} is not a method of ${c.req.path}; use ${allow}`;
      throw new Problem(405, message, { code: "method_not_allowed", headers: { allow } });
    });
  }
  app.get("*", async (c, next) => (await page?.(c.req.path)) ?? next());
  app.notFound((c) => {
    const message = `there is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}`;
    return toProblemResponse(new Problem(404, message, { code: "unknown_url" }));
  });
  app.onError((error, c) => {
    // 499, as proxies log it: the client went away, so nobody reads this.
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 });
    const problem = toProblem(error);
    if (problem.status === 500) onError?.(error);
    return toProblemResponse(problem);
  });
  return async (request) => app.fetch(request);
}

/** What a client is told whose answer ends because the server does. */
function closingProblem(): Problem {
  return new Problem(503, "the server is closing, and the answer ends here; ask again when it is back", {
    code: "server_closing",
    headers: { "retry-after": "5" },
  });
}

function byId(models: HandlerOptions["models"]): ReadonlyMap<string, Model> {
  if ("get" in models) return models;
  const map = new Map<string, Model>();
  for (const model of models) {
    if (map.has(model.name)) {
      throw new BaimoError("config", `two models are named "${model.name}"; give a Map with an id for each`);
    }
    map.set(model.name, model);
  }
  return map;
}

/** The model of a request that names none. */
function onlyModel(models: ReadonlyMap<string, Model>): string {
  const [id, ...others] = models.keys();
  if (id !== undefined && others.length === 0) return id;
  throw badParameter(
    "model",
    "missing_required_parameter",
    `'model' is missing; this server has ${listed([...models.keys()]) || "none"}`,
  );
}

function findModel(models: ReadonlyMap<string, Model>, id: string): Model {
  const model = models.get(id);
  if (model) return model;
  const names = [...models.keys()].map((name) => `"${name}"`).join(", ") || "none";
  throw new Problem(404, `the model "${id.slice(0, 200)}" is not here; this server has ${names}`, {
    param: "model",
    code: "model_not_found",
  });
}

/**
 * Generates an answer at the model's pace, however slowly it is read: a place in the queue belongs to who uses the model.
 * What is not read yet waits here, at most a context's tokens. `done` is called when the model is free.
 */
function generate(model: Model, chat: ChatRequest, signal: AbortSignal, done: () => void): Events {
  const events = new Channel<ChatEvent>();
  const answer = (async () => {
    try {
      const generated = model.chat(chat.messages, { ...chat.options, signal });
      for (;;) {
        const next = await generated.next();
        if (next.done) return next.value;
        if (signal.aborted) {
          await generated.return(undefined as never);
          throwIfAborted(signal, "the answer");
        }
        events.push(next.value);
      }
    } finally {
      done();
    }
  })();
  answer.then(
    () => events.close(),
    (error) => events.close(error),
  );
  return (async function* () {
    yield* events;
    return answer;
  })();
}

/** Runs a generator up to its first value, so that what fails before it fails here. */
async function startEarly<T>(values: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = await values.next();
  return (async function* () {
    try {
      if (!first.done) {
        yield first.value;
        yield* values;
      }
    } finally {
      await values.return(undefined);
    }
  })();
}

/** Counts the requests of each model, so that no more wait than agreed. */
class Queues {
  readonly #maxWaiting: number;
  readonly #pending = new Map<Model, number>();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Takes a place; returns the function that gives it back. */
  enter(model: Model): () => void {
    const before = this.#pending.get(model) ?? 0;
    if (before > this.#maxWaiting) {
      throw new Problem(429, `${this.#maxWaiting} requests wait for this model already; try again later`, {
        type: "rate_limit_error",
        code: "queue_full",
        headers: { "retry-after": "2" },
      });
    }
    this.#pending.set(model, before + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const after = this.#pending.get(model)! - 1;
      if (after > 0) this.#pending.set(model, after);
      else this.#pending.delete(model);
    };
  }

  count(): { active: number; waiting: number } {
    const counts = [...this.#pending.values()];
    const total = counts.reduce((sum, count) => sum + count, 0);
    return { active: counts.length, waiting: total - counts.length };
  }
}
