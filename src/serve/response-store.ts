// Responses that later requests go on from: bounded, the least recently used out first.
import { Problem, type ProblemDetails } from "./problem.ts";
import type { Item } from "./requests/items.ts";

/** A response as it was answered, and the conversation up to its end. */
export interface StoredResponse {
  readonly response: object;
  readonly items: readonly Item[];
}

interface Entry extends StoredResponse {
  readonly size: number;
}

/** Bounds of a store; `maxSize` in characters of JSON. */
export interface StoreBounds {
  readonly most: number;
  readonly maxSize: number;
}

/** A character takes up to two bytes. */
const BOUNDS: StoreBounds = { most: 1024, maxSize: 32 * 1024 * 1024 };

export class ResponseStore {
  readonly #bounds: StoreBounds;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #size = 0;

  constructor(bounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** Keeps a response; one that is larger than the store is not kept. */
  set(id: string, { response, items }: StoredResponse): void {
    this.delete(id);
    const size = JSON.stringify(response).length + JSON.stringify(items).length;
    if (size > this.#bounds.maxSize) return;
    this.#entries.set(id, { response, items, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#bounds.most && this.#size <= this.#bounds.maxSize) break;
      this.delete(oldest);
    }
  }

  /** A response that is kept, which by this has been used. */
  get(id: string): StoredResponse | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry;
  }

  /** Whether there was such a response. */
  delete(id: string): boolean {
    this.#size -= this.#entries.get(id)?.size ?? 0;
    return this.#entries.delete(id);
  }
}

/** The responses of one key: it never reads another's. */
export class OwnResponses {
  readonly #store: ResponseStore;
  readonly #owner: string;

  constructor(store: ResponseStore, owner: string) {
    this.#store = store;
    this.#owner = owner;
  }

  #nameOf = (id: string) => `${this.#owner} ${id}`;

  set(id: string, response: StoredResponse): void {
    this.#store.set(this.#nameOf(id), response);
  }

  /** A response that is kept. @throws {Problem} 404 with these details for one that is not, or is another's */
  find(id: string, details: ProblemDetails): StoredResponse {
    const found = this.#store.get(this.#nameOf(id));
    if (found) return found;
    throw unknownResponse(id, details);
  }

  /** Whether there was such a response. */
  delete(id: string): boolean {
    return this.#store.delete(this.#nameOf(id));
  }
}

/** What a client is told that names a response which is not kept. */
export function unknownResponse(id: string, details: ProblemDetails): Problem {
  const what = JSON.stringify(id.slice(0, 100));
  return new Problem(
    404,
    `there is no response ${what}; it was not stored, or newer ones took its place`,
    details,
  );
}
