// Asks an OpenAI-compatible endpoint: retries, adaptive concurrency, a budget that holds.
import { setTimeout as wait } from "node:timers/promises";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";

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
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** In place of waiting between tries, in milliseconds. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** A JSON object that was answered. */
export type Reply = Record<string, unknown>;

/** An endpoint. */
export interface EndpointClient {
  /**
   * Posts to a path below the address.
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
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** Creates a client. */
export function createEndpointClient(options: EndpointOptions): EndpointClient {
  const { url, apiKey, budgetTokens = Number.POSITIVE_INFINITY, tries = 5, fetch: send = fetch } = options;
  const pause = options.pause ?? ((ms: number) => wait(ms));
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`;
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
    let response: Response;
    try {
      response = await send(`${url.replace(/\/$/, "")}${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        signal,
      });
      const text = await response.text();
      if (response.ok) {
        const reply: unknown = JSON.parse(text);
        if (isRecord(reply)) return reply;
        return new Passing(`it answered ${brief(reply)}`);
      }
      const problem = `it answered ${response.status}: ${text.slice(0, 200)}`;
      if (!PASSING.has(response.status)) throw new BaimoError("request", `${url}${path}: ${problem}`);
      return new Passing(
        problem,
        Number(response.headers.get("retry-after") ?? Number.NaN) * 1000,
        response.status === 429,
      );
    } catch (cause) {
      if (cause instanceof BaimoError) throw cause;
      throwIfAborted(signal, "the evaluation");
      // A connection that dropped, or an answer that was cut.
      return new Passing(cause instanceof Error ? cause.message : String(cause));
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
          if (!(reply instanceof Passing)) {
            limit = Math.min(MOST_PARALLEL, limit + 1 / Math.max(1, limit));
            spent += usedTokens(reply) ?? most;
            return reply;
          }
          if (reply.isBusy) limit = Math.max(1, limit / 2);
          if (attempt >= tries)
            throw new BaimoError("request", `${url}${path}: after ${tries} tries ${reply.problem}`);
          const own = FIRST_PAUSE_MS * 2 ** (attempt - 1);
          await pause(Math.min(LONGEST_PAUSE_MS, Number.isFinite(reply.after) ? reply.after : own));
        }
      } finally {
        reserved -= most;
        leave();
      }
    },
  };
}

/** A failure that may pass. */
class Passing {
  readonly problem: string;
  readonly after: number;
  readonly isBusy: boolean;
  constructor(problem: string, after = Number.NaN, isBusy = false) {
    this.problem = problem;
    this.after = after;
    this.isBusy = isBusy;
  }
}

/** The tokens that a reply says it took; undefined where it says nothing. */
export function usedTokens({ usage }: Reply): number | undefined {
  if (!isRecord(usage)) return undefined;
  const total = Number(usage.total_tokens);
  return Number.isFinite(total) && total >= 0 ? total : undefined;
}
