// What the routes of one server share: its models, their queues, the work under way, its counts.
import { BaimoError } from "../errors.ts";
import type { QueueState } from "../generate/queue.ts";
import { runsHere } from "../generate/runs-here.ts";
import type { LanguageModel } from "../generate/types.ts";
import type { OptionsOf } from "../options.ts";
import { Turns } from "../turns.ts";
import type { ChoiceEvent } from "./answers/choices.ts";
import { type Dialect, OPEN_AI } from "./dialect.ts";
import { EnergyShares } from "./energy.ts";
import { Readers, type StreamPart, toEvents } from "./event-stream.ts";
import type { Scope } from "./keys/api-key.ts";
import { Guard, type Visit } from "./keys/guard.ts";
import { Metrics } from "./metrics.ts";
import { type Lease, Models } from "./models/models.ts";
import { once } from "./once.ts";
import type { handlerTable } from "./options.ts";
import { closingProblem, Problem, toProblem } from "./problem.ts";
import { RequestRecord } from "./record.ts";
import { OwnResponses, ResponseStore } from "./response-store.ts";
import { Taking } from "./taking.ts";
import type { Work } from "./work.ts";

const STREAM_HEADERS = {
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

export class Server {
  readonly models: Models;
  /** Unix time in seconds. */
  readonly started = Math.floor(Date.now() / 1000);
  readonly options: OptionsOf<typeof handlerTable>;
  readonly metrics = new Metrics();
  /** What `previous_response_id` may name. */
  readonly #responses = new ResponseStore();
  readonly #guard: Guard;
  /** Of requests that were let in. */
  readonly #visits = new WeakMap<Request, Visit>();
  readonly #records = new WeakMap<Request, RequestRecord>();
  /** Of requests, and of answers beside one another: many at once keep nobody else waiting. */
  readonly turns = new Turns();
  readonly #readers: Readers;
  readonly #working = new Set<Work>();
  readonly #energy: EnergyShares | undefined;

  /** @throws {BaimoError} `config` when two models of a list have one name */
  constructor(options: OptionsOf<typeof handlerTable>) {
    this.options = options;
    this.models = toModels(options.models);
    this.#guard = new Guard(options.keys);
    this.#readers = new Readers(options.maxReaders);
    this.#energy = options.energy && new EnergyShares(options.energy);
    options.signal?.addEventListener("abort", () => {
      for (const work of this.#working) work.stop(endingProblem());
    });
  }

  /** The queues of all models together. */
  get queue(): QueueState {
    return this.models.queue;
  }

  /** Begins the record of a request. */
  record(request: Request, route: string): RequestRecord {
    const { onRequest = () => {}, logTexts } = this.options;
    const record = new RequestRecord(request, route, logTexts, onRequest);
    this.#records.set(request, record);
    return record;
  }

  recordOf(request: Request): RequestRecord | undefined {
    return this.#records.get(request);
  }

  /** Lets a request in. @throws {Problem} 401, 403 or 429, as its key is */
  async admit(request: Request, scope: Scope | "none" = "admin"): Promise<Visit> {
    const visit = await this.#guard.admit(request, scope === "none" ? undefined : scope, (key) =>
      this.recordOf(request)?.names({ key }),
    );
    this.#visits.set(request, visit);
    return visit;
  }

  /** The stored responses of whoever asks. */
  responsesOf({ owner }: Visit): OwnResponses {
    return new OwnResponses(this.#responses, owner);
  }

  /**
   * Begins work at a model for a request, until `done` is called. It ends with the request, or when `signal` fires instead.
   * @throws {Problem} 503 while the server is closing or the model is started again
   */
  begin(request: Request, lease: Lease, signal?: AbortSignal): Work {
    if (this.options.signal?.aborted) throw closingProblem();
    if (lease.engine.status === "starting") throw startingProblem();
    const visit = this.#visits.get(request);
    const record = this.recordOf(request);
    record?.names({ model: lease.id });
    const releases = [lease.hold(), visit?.hold(), record?.hold()];
    const controller = new AbortController();
    // The stream holds these, and they the request: a request that is collected takes its signal along.
    const followed = () => signal ?? request.signal;
    const unfollow = () => followed().removeEventListener("abort", onAbort);
    const stop = (reason?: Problem) => {
      unfollow();
      controller.abort(reason);
    };
    const onAbort = () => stop();
    let watchers = 0;
    const watch = () => {
      watchers++;
      // A signal that somebody listens to is kept for ever.
      return once(() => {
        if (--watchers === 0) unfollow();
      });
    };
    releases.push(watch());
    const endEnergy = isMetered(lease) ? this.#energy?.begin() : undefined;
    const taking = new Taking(lease.price);
    const done = () => {
      if (!this.#working.delete(work)) return;
      const joules = endEnergy?.();
      if (joules !== undefined) {
        record?.energy(joules);
        this.metrics.joules(lease.id, joules);
      }
      for (const release of releases) release?.();
      taking.end(joules === undefined ? undefined : { joules, from: this.options.energy!.from });
    };
    const spend: Work["spend"] = (tokens, timings) => {
      const { prompt, cached = 0, completion = 0 } = tokens;
      record?.spend(tokens, lease.price);
      taking.add(tokens, timings);
      this.metrics.tokens(lease.id, "prompt", prompt);
      this.metrics.tokens(lease.id, "cached", cached);
      this.metrics.tokens(lease.id, "completion", completion);
      visit?.spend(prompt + completion);
    };
    const work: Work = {
      signal: controller.signal,
      stop,
      watch,
      done,
      spend,
      record,
      taken: taking.taken,
      turn: () => this.turns.take(),
    };
    this.#working.add(work);
    followed().addEventListener("abort", onAbort, { once: true });
    if (followed().aborted) stop();
    return work;
  }

  /** Does work at a model that has one result. */
  async use<T>(request: Request, lease: Lease, run: (work: Work) => Promise<T>): Promise<T> {
    const work = this.begin(request, lease);
    try {
      return await run(work);
    } finally {
      work.done();
    }
  }

  /** The same events, which the request's record is told of. */
  async *recorded(work: Work, events: AsyncIterable<ChoiceEvent>): AsyncGenerator<ChoiceEvent> {
    for await (const choice of events) {
      const { index, event } = choice;
      if (event.type === "text-delta" || event.type === "reasoning-delta")
        work.record?.text(index, event.text);
      if (event.type === "finish") work.record?.finish(event.reason);
      yield choice;
    }
  }

  /** What a client is told of a failure; one that is not the client's is reported. */
  problemOf(error: unknown): Problem {
    const problem = toProblem(error);
    if (problem.status === 500) this.options.onError?.(error);
    return problem;
  }

  /** Answers by a stream. The first part shows that the prompt was accepted: until then a failure has a status of its own. */
  async stream(
    given: AsyncGenerator<StreamPart>,
    { signal, stop, watch }: Work,
    dialect: Dialect = OPEN_AI,
  ): Promise<Response> {
    const { onError } = this.options;
    const parts = await startEarly(given, watch());
    return this.streamText(toEvents(parts, { onError, signal, dialect }), dialect.streamType, () => stop());
  }

  /** Answers by a stream of texts; `stop` is called when nobody reads them. */
  streamText(texts: AsyncGenerator<string>, type: string, stop = () => {}): Response {
    const { stallSeconds } = this.options;
    const stream = this.#readers.open(texts, { stop, stallSeconds });
    const headers = { ...STREAM_HEADERS, "content-type": `${type}; charset=utf-8` };
    return new Response(stream, { headers });
  }
}

/** Whether a meter of this machine's processor tells of a model: not of one at an endpoint, or on a GPU. */
const isMetered = ({ engine }: Lease) => runsHere(engine) && engine.engine.device !== "webgpu";

/** What a client is told whose answer ends because the server does. */
function endingProblem(): Problem {
  return closingProblem("the server is closing, and the answer ends here; ask again when it is back");
}

function startingProblem(): Problem {
  return new Problem(503, "the model is being loaded; ask again in a moment", {
    code: "model_loading",
    headers: { "retry-after": "2" },
  });
}

function toModels(models: OptionsOf<typeof handlerTable>["models"]): Models {
  if (models instanceof Models) return models;
  if ("get" in models) return new Models(models);
  const map = new Map<string, LanguageModel>();
  for (const model of models) {
    if (map.has(model.name)) {
      throw new BaimoError("config", `two models are named "${model.name}"; give a Map with an id for each`);
    }
    map.set(model.name, model);
  }
  return new Models(map);
}

/** Runs a generator up to its first value, so that what fails before it fails here; `ended` is called when it has ended. */
async function startEarly(
  values: AsyncGenerator<StreamPart>,
  ended: () => void,
): Promise<AsyncGenerator<StreamPart>> {
  const firstPart = async () => {
    let first = await values.next();
    // What follows a prompt's end at once tells of it, too.
    while (!first.done && first.value.type === "progress" && first.value.done === first.value.total)
      first = await values.next();
    return first;
  };
  const first = await firstPart().catch((error: unknown) => {
    ended();
    throw error;
  });
  return (async function* () {
    try {
      if (!first.done) {
        yield first.value;
        yield* values;
      }
    } finally {
      ended();
      await values.return(undefined);
    }
  })();
}
