// What a request is while it uses a model: the type only.
import type { Taken } from "../store/usage.ts";
import type { TokenCounts } from "../upstream/price.ts";
import type { Problem } from "./problem.ts";
import type { RequestRecord } from "./record.ts";

/** One request's work at a model. */
export interface Work {
  /** Fires when nobody waits for the answer any more, or with a `Problem` where its reader is told of one. */
  readonly signal: AbortSignal;
  /** Ends the work before its time. */
  stop(reason?: Problem): void;
  /** Has the client's leaving stop the work until the function that comes back is called, also when the model is free. */
  watch(): () => void;
  /** Waits for a turn of the event loop: of many answers to one request, one begins in each. */
  turn(): Promise<void>;
  /** The model has done its part. */
  done(): void;
  /** Tokens were read and written, in so much time. */
  spend(tokens: TokenCounts, timings?: Taken["timings"]): void;
  /** What it took in all, when it is done. */
  readonly taken: Promise<Taken>;
  /** What is told of the request when it has ended. */
  readonly record?: RequestRecord;
}
