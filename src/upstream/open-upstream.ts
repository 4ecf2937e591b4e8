// Opens a model at endpoints: they are asked what they can do, and it can what all of them can.
import { throwIfAborted } from "../errors.ts";
import { fields, list, number, required, signal, text, whole, withDefault } from "../option-kinds.ts";
import { call, readOptions, type TableOf } from "../options.ts";
import { type Endpoint, LIMITS, type Limits, post } from "./endpoint.ts";
import { Endpoints, PATIENCE, type Patience } from "./endpoints.ts";
import { probe } from "./probe.ts";
import { readWhole } from "./read-stream.ts";
import { type Found, Upstream } from "./upstream.ts";

/** What is asked, and where. */
export interface UpstreamOptions {
  /** Each serves the same model. */
  readonly endpoints: readonly Endpoint[];
  /** Its name there. */
  readonly model: string;
  /** Tokens that one conversation may hold there, where that is known. */
  readonly contextLength?: number;
  /** Answers under way at once; one too many is a BaimoError `busy`. Default 256. */
  readonly maxActive?: number;
  readonly limits?: Partial<Limits>;
  readonly patience?: Partial<Patience>;
  readonly signal?: AbortSignal;
}

const seconds = number({ min: 0, max: 2_147_483 });
const bytes = whole({ min: 1 });

/** The same, declared. */
export const upstreamTable = {
  endpoints: required(list(fields({ url: required(text()), key: text() }), { least: 1, most: 256 })),
  model: required(text({ most: 1024 })),
  contextLength: whole({ min: 1 }),
  maxActive: withDefault(whole({ min: 1, max: 1_000_000 }), 256),
  limits: fields({
    firstByteSeconds: withDefault(seconds, LIMITS.firstByteSeconds),
    gapSeconds: withDefault(seconds, LIMITS.gapSeconds),
    maxBodyBytes: withDefault(bytes, LIMITS.maxBodyBytes),
    maxLineBytes: withDefault(bytes, LIMITS.maxLineBytes),
  }),
  patience: fields({
    attempts: withDefault(whole({ min: 1, max: 100 }), PATIENCE.attempts),
    firstWaitSeconds: withDefault(seconds, PATIENCE.firstWaitSeconds),
    longestWaitSeconds: withDefault(seconds, PATIENCE.longestWaitSeconds),
    restSeconds: withDefault(seconds, PATIENCE.restSeconds),
    longestRestSeconds: withDefault(seconds, PATIENCE.longestRestSeconds),
  }),
  signal,
} satisfies TableOf<UpstreamOptions>;

const NAMES = ["chat", "tools", "completions", "echo", "embeddings", "rerank"] as const;

/** Answers of an endpoint that does not know the route or the field. */
const NO = new Set([400, 404, 405, 422, 500, 501]);
/** Of an answer to a short question. */
const MOST_ANSWER_BYTES = 4 * 2 ** 20;

/**
 * Finds out what the endpoints can do. Those that do not answer now may be back later; one must.
 * @throws {BaimoError} `config` for a wrong address; `upstream` where none answers; `aborted`
 */
export async function openUpstream(asked: UpstreamOptions): Promise<Upstream> {
  const options = readOptions(asked, upstreamTable, call("openUpstream"));
  const { endpoints: given, model, contextLength, maxActive, signal } = options;
  const { limits = LIMITS, patience = PATIENCE } = options;
  const endpoints = new Endpoints(given, patience);
  const all = await Promise.allSettled(given.map((each) => ask(each, { model, limits, signal })));
  throwIfAborted(signal, "asking the endpoints");
  const able = all.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (able.length === 0) throw all.find((each) => each.status === "rejected")?.reason;
  return new Upstream(endpoints, { model, limits, contextLength, maxActive, found: common(able) });
}

/** @throws {BaimoError} `upstream` where it cannot be reached, or wants another key */
function ask(
  endpoint: Endpoint,
  { model, limits, signal }: { model: string; limits: Limits; signal?: AbortSignal },
): Promise<Found> {
  const short = { ...limits, maxBodyBytes: MOST_ANSWER_BYTES };
  return probe(async (path, body) => {
    const outcome = await post(endpoint, { path, body: { model, ...body }, limits: short, signal });
    if ("bytes" in outcome) return readWhole(outcome.bytes);
    if (outcome.status !== undefined && NO.has(outcome.status)) return outcome.failure.message;
    throw outcome.failure;
  }, NAMES);
}

/** What all of them can. */
const common = (all: readonly Found[]): Found =>
  Object.fromEntries(
    NAMES.map((name) => [name, all.map((found) => found[name]).find(({ can }) => !can) ?? all[0][name]]),
  ) as Found; // each name has its capability
