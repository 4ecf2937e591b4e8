// Several endpoints behind one name: the least busy is asked, one that fails rests for a while.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { onAbort } from "../on-abort.ts";
import { type Asked, type Endpoint, hideKey, post } from "./endpoint.ts";

/** How failures are met. */
export interface Patience {
  /** How often a request is sent at most, before its answer begins. */
  readonly attempts: number;
  /** Before the second attempt at one endpoint; twice as long before each further one. */
  readonly firstWaitSeconds: number;
  /** A Retry-After beyond it is not waited for. */
  readonly longestWaitSeconds: number;
  /** How long an endpoint rests after a failure; twice as long after each further one. */
  readonly restSeconds: number;
  readonly longestRestSeconds: number;
}

export const PATIENCE: Patience = {
  attempts: 4,
  firstWaitSeconds: 0.25,
  longestWaitSeconds: 20,
  restSeconds: 1,
  longestRestSeconds: 30,
};

interface Place {
  readonly endpoint: Endpoint;
  /** Answers under way. */
  active: number;
  /** Failures since it last answered whole. */
  failures: number;
  /** By `performance.now`, in milliseconds. */
  restsUntil: number;
  /** In the order of taking. */
  lastTaken: number;
}

/** What a caller reads an answer by; `hide` blots out the endpoint's key. */
export type Reader<T> = (
  bytes: AsyncGenerator<Uint8Array>,
  hide: (text: string) => string,
) => AsyncGenerator<T>;

/** A shorter key is no secret ("EMPTY"), but may be a word of an answer. */
const SHORTEST_SECRET = 16;

export class Endpoints {
  readonly #places: readonly Place[];
  readonly #patience: Patience;
  #taken = 0;

  /** @throws {BaimoError} `config` for an address or a key that cannot be sent */
  constructor(endpoints: readonly Endpoint[], patience = PATIENCE) {
    if (endpoints.length === 0) throw new BaimoError("config", "an upstream needs at least one address");
    for (const endpoint of endpoints) checkAddress(endpoint);
    this.#places = endpoints.map((endpoint) => ({
      endpoint,
      active: 0,
      failures: 0,
      restsUntil: 0,
      lastTaken: 0,
    }));
    this.#patience = patience;
  }

  /** How many answers are under way at each, and whether it rests. */
  get load(): readonly { readonly active: number; readonly rests: boolean }[] {
    const now = performance.now();
    return this.#places.map(({ active, restsUntil }) => ({ active, rests: restsUntil > now }));
  }

  /**
   * Sends a request, again where nothing was done with it, and reads the answer by `read`. What has begun is never asked twice.
   * @throws {BaimoError} `upstream` where no endpoint answers; `request` as the endpoint says; `aborted`
   */
  async *ask<T>(asked: Asked, read: Reader<T>): AsyncGenerator<T> {
    const tried = new Set<Place>();
    for (let attempt = 1; ; attempt++) {
      const place = this.#take(tried);
      try {
        const outcome = await post(place.endpoint, asked);
        if ("bytes" in outcome) return yield* this.#read(place, outcome.bytes, read);
        const { failure, again, broken, retryAfterSeconds } = outcome;
        if (broken) this.#rest(place);
        if (!again || attempt >= this.#patience.attempts) throw failure;
        tried.add(place);
        if (!this.#hasFresh(tried)) await this.#wait(attempt, retryAfterSeconds, failure, asked.signal);
      } finally {
        place.active--;
      }
    }
  }

  /** What has begun: an endpoint that breaks it off rests, one that ends it is well. */
  async *#read<T>(place: Place, bytes: AsyncGenerator<Uint8Array>, read: Reader<T>): AsyncGenerator<T> {
    const { endpoint } = place;
    const isSecret = (endpoint.key ?? "").length >= SHORTEST_SECRET;
    try {
      yield* read(bytes, (text) => (isSecret ? hideKey(text, endpoint) : text));
    } catch (error) {
      if (!(error instanceof BaimoError)) throw error;
      if (error.code === "upstream") this.#rest(place);
      throw new BaimoError(error.code, hideKey(error.message, endpoint), { cause: error.cause });
    }
    place.failures = 0;
    place.restsUntil = 0;
  }

  /** The least busy of those that do not rest and have not been tried; of those that rest the one that is ready first. */
  #take(tried: ReadonlySet<Place>): Place {
    const now = performance.now();
    const waits = ({ restsUntil }: Place) => Math.max(0, restsUntil - now);
    const [place] = this.#places.toSorted(
      (a, b) =>
        Number(tried.has(a)) - Number(tried.has(b)) ||
        waits(a) - waits(b) ||
        a.active - b.active ||
        a.lastTaken - b.lastTaken,
    );
    place.active++;
    place.lastTaken = ++this.#taken;
    // One request tries whether it is well again; others leave it alone meanwhile.
    if (place.failures > 0) place.restsUntil = now + this.#restMs(place);
    return place;
  }

  #hasFresh(tried: ReadonlySet<Place>): boolean {
    const now = performance.now();
    return this.#places.some((place) => !tried.has(place) && place.restsUntil <= now);
  }

  #rest(place: Place): void {
    place.failures++;
    place.restsUntil = performance.now() + this.#restMs(place);
  }

  #restMs({ failures }: Place): number {
    const { restSeconds, longestRestSeconds } = this.#patience;
    return 1000 * Math.min(longestRestSeconds, restSeconds * 2 ** Math.min(failures - 1, 20));
  }

  async #wait(
    attempt: number,
    asked: number | undefined,
    failure: BaimoError,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { firstWaitSeconds, longestWaitSeconds } = this.#patience;
    const own = firstWaitSeconds * 2 ** (attempt - 1) * (1 + Math.random() / 4);
    const seconds = asked ?? own;
    if (seconds > longestWaitSeconds) throw failure;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        release();
        resolve();
      };
      const timer = setTimeout(end, seconds * 1000);
      const release = onAbort(signal, end);
    });
    throwIfAborted(signal, "the request");
  }
}

/**
 * What is quoted is never the key.
 * @throws {BaimoError} `config` for an address or a key that cannot be sent
 */
export function checkAddress({ url, key }: Endpoint): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain = parsed && /^https?:$/.test(parsed.protocol) && !parsed.search && !parsed.hash;
  if (!isPlain || parsed.username || parsed.password) {
    const allowed = 'an address such as "https://models.example/v1", without a user, a query or a key in it';
    throw new BaimoError("config", `an upstream's address cannot be used; expected ${allowed}`);
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new BaimoError(
      "config",
      `the key for ${parsed.host} holds a blank, or a letter that headers cannot have`,
    );
  }
}
