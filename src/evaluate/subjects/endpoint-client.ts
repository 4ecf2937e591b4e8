// Asks an OpenAI-compatible endpoint: retries, adaptive concurrency, a budget that holds.
import { setTimeout as wait } from "node:timers/promises";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import type { Reply } from "../../upstream/echo.ts";
import { type Endpoint, LIMITS, type Limits, post } from "../../upstream/endpoint.ts";
import { checkAddress } from "../../upstream/endpoints.ts";
import type { Price, TokenCounts } from "../../upstream/price.ts";
import { type Capability, MOST_PROBE_TOKENS, probe } from "../../upstream/probe.ts";
import { readWhole } from "../../upstream/read-stream.ts";
import { type Budget, type Ledger, Purse, tokensOf } from "./purse.ts";
import type { AnswerCost } from "./subject.ts";

/** How an endpoint is asked. */
export interface EndpointOptions {
  /** Such as "http://127.0.0.1:8080/v1". */
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string;
  /** What may be spent. Default: no bound. */
  readonly budget?: Budget;
  readonly price?: Price;
  /** What is spent of the budget, where several endpoints share it. */
  readonly ledger?: Ledger;
  /** Tries of one request. Default 5. */
  readonly tries?: number;
  /** Requests at once at first; it grows and falls with the answers. Default 4. */
  readonly parallel?: number;
  /** How long an answer may take and how much it may be. */
  readonly limits?: Partial<Limits>;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** In place of waiting between tries, in milliseconds. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** A reply with what it took; where it counts no tokens, the most that it may have. */
export interface PaidReply {
  readonly reply: Reply;
  readonly cost: AnswerCost;
}

/** An endpoint. */
export interface EndpointClient {
  /**
   * Posts to a path below the address. No redirect is followed, so that the key goes to that address alone.
   *
   * most  tokens that the request may take, counted against the budget before it is sent
   * @throws {BaimoError} `request` with the status and the endpoint's own words, or where the budget would be exceeded
   */
  post(path: string, body: Reply, most: TokenCounts, signal?: AbortSignal): Promise<PaidReply>;
  /** What is spent, and what may be. */
  readonly purse: Purse;
  /** Requests that are sent at once. */
  readonly parallel: number;
  /** Seconds of an answer so far, in the mean; undefined before the first. */
  readonly seconds: number | undefined;
}

const MOST_PARALLEL = 64;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Answers come whole: the first byte comes with the last token. */
const WHOLE_ANSWER_SECONDS = 3600;
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/**
 * Creates a client.
 * @throws {BaimoError} `config` for an address or a key that cannot be sent
 */
export function createEndpointClient(options: EndpointOptions): EndpointClient {
  const { url, apiKey: key, tries = 5, fetch } = options;
  const pause = options.pause ?? ((ms: number) => wait(ms));
  const endpoint: Endpoint = { url, key };
  checkAddress(endpoint);
  const limits = { ...LIMITS, firstByteSeconds: WHOLE_ANSWER_SECONDS, ...options.limits };
  let limit = options.parallel ?? 4;
  let running = 0;
  let seconds = 0;
  let answers = 0;
  const purse = new Purse(options.budget, options.price, options.ledger);
  const waiting: (() => void)[] = [];

  /** Waits for its turn, and for what requests under way do not use of the budget. */
  async function enter(most: TokenCounts): Promise<void> {
    for (;;) {
      const room = purse.room(most);
      if (running >= Math.floor(limit)) await new Promise<void>((go) => waiting.push(go));
      else if (room) await room;
      else break;
    }
    purse.reserve(most);
    running++;
  }
  function leave(): void {
    running--;
    for (const go of waiting.splice(0)) go();
  }

  async function once(path: string, body: Reply, signal?: AbortSignal): Promise<Reply | Passing> {
    const outcome = await post(endpoint, { path, body, limits, signal, fetch });
    if ("failure" in outcome) {
      const { failure, status, retryAfterSeconds, again } = outcome;
      const mayBePaid = status === undefined && !again;
      if (status === undefined || PASSING.has(status))
        return { failure, status, retryAfterSeconds, mayBePaid };
      throw new BaimoError("request", failure.message);
    }
    try {
      return await readWhole(outcome.bytes);
    } catch (error) {
      throwIfAborted(signal, "the evaluation");
      if (error instanceof BaimoError) return { failure: error, mayBePaid: true }; // an answer that was cut
      throw error;
    }
  }

  const costOfAnswer = (used: TokenCounts, latency: number, isBound: boolean): AnswerCost => ({
    promptTokens: used.prompt,
    completionTokens: used.completion ?? 0,
    amount: purse.amountOf(used),
    latency,
    isBound: isBound || undefined,
  });

  /** Waits before the next try, as long as the endpoint asks for. @throws {BaimoError} `request` after the last one */
  async function between(attempt: number, { failure, status, retryAfterSeconds }: Passing): Promise<void> {
    if (status === 429) limit = Math.max(1, limit / 2);
    if (attempt >= tries) {
      // What never answered is told from what answered no.
      const code = status === undefined ? "upstream" : "request";
      throw new BaimoError(code, `after ${tries} tries: ${failure.message}`, { cause: failure });
    }
    const own = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    const asked = retryAfterSeconds === undefined ? own : retryAfterSeconds * 1000;
    await pause(Math.min(LONGEST_PAUSE_MS, asked));
  }

  return {
    purse,
    get parallel() {
      return Math.floor(limit);
    },
    get seconds() {
      return answers === 0 ? undefined : seconds / answers;
    },
    async post(path, body, most, signal) {
      await enter(most);
      try {
        for (let attempt = 1; ; attempt++) {
          if (attempt > 1) {
            for (let room = purse.room(most); room; room = purse.room(most)) await room;
            purse.reserve(most);
          }
          const began = performance.now();
          let used: TokenCounts = { prompt: 0 };
          try {
            const reply = await once(path, body, signal);
            if (!isPassing(reply)) {
              limit = Math.min(MOST_PARALLEL, limit + 1 / Math.max(1, limit));
              const latency = (performance.now() - began) / 1000;
              seconds += latency;
              answers++;
              const counted = tokensOf(reply);
              used = counted ?? most;
              return { reply, cost: costOfAnswer(used, latency, counted === undefined) };
            }
            if (reply.mayBePaid) used = most;
            await between(attempt, reply);
          } finally {
            purse.settle(most, used);
          }
        }
      } finally {
        leave();
      }
    },
  };
}

/** A failure that may pass. */
interface Passing {
  readonly failure: BaimoError;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The endpoint may have worked for it, and count that. */
  readonly mayBePaid?: boolean;
}

const isPassing = (reply: Reply | Passing): reply is Passing => reply.failure instanceof BaimoError;

/** What an evaluation asks about, in at most six questions as a rule. */
const NAMES = ["chat", "completions", "echo", "topLogprobs", "seed", "systemRole", "usage"] as const;

/** What an endpoint can do, or why not. */
export type EndpointCapabilities = Readonly<Record<(typeof NAMES)[number], Capability>>;

/** Whether a question failed at the endpoint: not for a fault of ours, nor since the run was stopped. */
export const isEndpointFailure = (error: unknown): error is BaimoError =>
  error instanceof BaimoError && (error.code === "request" || error.code === "upstream");

/**
 * Finds out what an endpoint can do. A failure of one question is an answer to it.
 * @throws {BaimoError} `upstream` where the first is not answered at all
 */
export function probeEndpoint(
  client: EndpointClient,
  model: string,
  signal?: AbortSignal,
): Promise<EndpointCapabilities> {
  let hasAnswered = false;
  return probe(async (path, body) => {
    try {
      const most = { prompt: MOST_PROBE_TOKENS };
      const { reply } = await client.post(path, { model, ...body }, most, signal);
      hasAnswered = true;
      return reply;
    } catch (error) {
      if (!isEndpointFailure(error) || (error.code === "upstream" && !hasAnswered)) throw error;
      hasAnswered = true;
      return error.message;
    }
  }, NAMES);
}
