// One request that has ended, for logs and traces: no words of users unless asked.
import { costOf, type Money, type Price, type TokenCounts } from "../upstream/price.ts";
import { once } from "./once.ts";

/** A request that has ended: answered, and done with its model. */
export interface RequestEntry {
  /** When it came, in milliseconds of Unix time. */
  readonly time: number;
  readonly seconds: number;
  readonly method: string;
  /** The route's path, as the document has it. */
  readonly route: string;
  readonly status: number;
  /** Of what was refused: its code. */
  readonly code?: string;
  /** As the request called it. */
  readonly model?: string;
  /** Id of its key. */
  readonly key?: string;
  readonly tokens?: Required<TokenCounts>;
  /** Of a model that has a price. */
  readonly cost?: Money;
  /** Joules, where the server has a meter and the model runs here. */
  readonly joules?: number;
  /** Seconds from its coming to the first token. */
  readonly firstToken?: number;
  /** Why each answer ended. */
  readonly finishes?: readonly string[];
  /** Its place in a trace that a client has begun: the header `traceparent`. */
  readonly traceParent?: string;
  /** The body and the answers' texts, where they were asked for. */
  readonly asked?: unknown;
  readonly answered?: readonly string[];
}

type Writable = { -readonly [K in keyof RequestEntry]: RequestEntry[K] };

/** Gathers an entry; it is told when nothing holds the record any more. */
export class RequestRecord {
  readonly #entry: Writable;
  readonly #began = performance.now();
  readonly #texts: boolean;
  readonly #tell: (entry: RequestEntry) => void;
  #holders = 0;

  constructor(request: Request, route: string, texts: boolean, tell: (entry: RequestEntry) => void) {
    const traceParent = request.headers.get("traceparent") ?? undefined;
    this.#entry = { time: Date.now(), seconds: 0, method: request.method, route, status: 0, traceParent };
    this.#texts = texts;
    this.#tell = tell;
  }

  /** It goes on until the function that comes back is called. */
  hold(): () => void {
    this.#holders++;
    return once(() => {
      if (--this.#holders > 0) return;
      this.#entry.seconds = this.#seconds();
      this.#tell(this.#entry);
    });
  }

  answered(status: number, code?: string): void {
    Object.assign(this.#entry, { status, code });
  }

  /** Who asks which model. */
  names(names: { model?: string; key?: string }): void {
    Object.assign(this.#entry, names);
  }

  body(body: unknown): void {
    if (this.#texts) this.#entry.asked = body;
  }

  /** A piece of an answer came. */
  text(index: number, text: string): void {
    this.#entry.firstToken ??= this.#seconds();
    if (!this.#texts) return;
    const answers = (this.#entry.answered as string[] | undefined) ?? [];
    this.#entry.answered = answers;
    answers[index] = (answers[index] ?? "") + text;
  }

  finish(reason: string): void {
    this.#entry.finishes = [...(this.#entry.finishes ?? []), reason];
  }

  spend({ prompt, cached = 0, completion = 0 }: TokenCounts, price?: Price): void {
    const before = this.#entry.tokens ?? { prompt: 0, cached: 0, completion: 0 };
    this.#entry.tokens = {
      prompt: before.prompt + prompt,
      cached: before.cached + cached,
      completion: before.completion + completion,
    };
    if (!price) return;
    const amount = (this.#entry.cost?.amount ?? 0) + costOf({ prompt, cached, completion }, price);
    this.#entry.cost = { amount, currency: price.currency };
  }

  energy(joules: number): void {
    this.#entry.joules = Math.round(((this.#entry.joules ?? 0) + joules) * 1e6) / 1e6;
  }

  #seconds(): number {
    return Math.round(performance.now() - this.#began) / 1000;
  }
}
