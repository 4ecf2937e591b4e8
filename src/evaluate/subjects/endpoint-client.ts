// Asks an OpenAI-compatible endpoint: retries, adaptive concurrency, a budget that holds.
import { setTimeout as wait } from "node:timers/promises";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import type { Reply } from "../../upstream/echo.ts";
import { type Endpoint, LIMITS, type Limits, post } from "../../upstream/endpoint.ts";
import { checkAddress } from "../../upstream/endpoints.ts";
import { type Capability, MOST_PROBE_TOKENS, probe, usedTokens } from "../../upstream/probe.ts";
import { readWhole } from "../../upstream/read-stream.ts";

/** How an endpoint is asked. */
export interface EndpointOptions {
  /** Such as "http://127.0.0.1:8080/v1". */
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string;
  /** Most tokens of prompts and answers together. Default: no bound. */
  readonly budgetTokens?: number;
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

/** An endpoint. */
export interface EndpointClient {
  /**
   * Posts to a path below the address. No redirect is followed, so that the key goes to that address alone.
   *
   * most  tokens that the request may take, counted against the budget before it is sent
   * @throws {BaimoError} `request` with the status and the endpoint's own words, or where the budget is used up
   */
  post(path: string, body: Reply, most: number, signal?: AbortSignal): Promise<Reply>;
  /** Tokens that were taken. */
  readonly spent: number;
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
  const { url, apiKey: key, budgetTokens = Number.POSITIVE_INFINITY, tries = 5, fetch } = options;
  const pause = options.pause ?? ((ms: number) => wait(ms));
  const endpoint: Endpoint = { url, key };
  checkAddress(endpoint);
  const limits = { ...LIMITS, firstByteSeconds: WHOLE_ANSWER_SECONDS, ...options.limits };
  let limit = options.parallel ?? 4;
  let running = 0;
  let spent = 0;
  let reserved = 0;
  const waiting: (() => void)[] = [];

  async function enter(): Promise<void> {
    if (running >= Math.floor(limit)) await new Promise<void>((go) => waiting.push(go));
    running++;
  }
  function leave(): void {
    running--;
    while (waiting.length > 0 && running < Math.floor(limit)) {
      waiting.shift()?.();
      break;
    }
  }

  async function once(path: string, body: Reply, signal?: AbortSignal): Promise<Reply | Passing> {
    const outcome = await post(endpoint, { path, body, limits, signal, fetch });
    if ("failure" in outcome) {
      const { failure, status, retryAfterSeconds } = outcome;
      if (status === undefined || PASSING.has(status)) return { failure, status, retryAfterSeconds };
      throw new BaimoError("request", failure.message);
    }
    try {
      return await readWhole(outcome.bytes);
    } catch (error) {
      throwIfAborted(signal, "the evaluation");
      if (error instanceof BaimoError) return { failure: error }; // an answer that was cut
      throw error;
    }
  }

  return {
    get spent() {
      return spent;
    },
    async post(path, body, most, signal) {
      if (spent + reserved + most > budgetTokens) {
        throw new BaimoError(
          "request",
          `the budget of ${budgetTokens} tokens would be exceeded: ${spent} are spent and the next request may take ${most}`,
        );
      }
      reserved += most;
      await enter();
      try {
        for (let attempt = 1; ; attempt++) {
          const reply = await once(path, body, signal);
          if (!isPassing(reply)) {
            limit = Math.min(MOST_PARALLEL, limit + 1 / Math.max(1, limit));
            spent += usedTokens(reply) ?? most;
            return reply;
          }
          const { failure, status, retryAfterSeconds = Number.NaN } = reply;
          if (status === 429) limit = Math.max(1, limit / 2);
          if (attempt >= tries) throw new BaimoError("request", `after ${tries} tries: ${failure.message}`);
          const own = FIRST_PAUSE_MS * 2 ** (attempt - 1);
          const asked = retryAfterSeconds * 1000;
          await pause(Math.min(LONGEST_PAUSE_MS, Number.isFinite(asked) ? asked : own));
        }
      } finally {
        reserved -= most;
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
}

const isPassing = (reply: Reply | Passing): reply is Passing => reply.failure instanceof BaimoError;

/** What an evaluation asks about, in at most six questions as a rule. */
const NAMES = ["chat", "completions", "echo", "topLogprobs", "seed", "systemRole", "usage"] as const;

/** What an endpoint can do, or why not. */
export type EndpointCapabilities = Readonly<Record<(typeof NAMES)[number], Capability>>;

/** Finds out what an endpoint can do. A failure of one question is an answer to it. */
export function probeEndpoint(
  client: EndpointClient,
  model: string,
  signal?: AbortSignal,
): Promise<EndpointCapabilities> {
  return probe(async (path, body) => {
    try {
      return await client.post(path, { model, ...body }, MOST_PROBE_TOKENS, signal);
    } catch (error) {
      if (!(error instanceof BaimoError) || error.code !== "request") throw error;
      return error.message;
    }
  }, NAMES);
}
