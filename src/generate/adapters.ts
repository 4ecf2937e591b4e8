// A model's adapters on the main thread: loaded by name, held while requests use them, taken away.
import { BaimoError } from "../errors.ts";
import type { CheckpointInput } from "../formats/checkpoint.ts";
import type { AdapterPart } from "../models/adapters/adapter.ts";
import { readAdapter } from "../models/adapters/open-adapter.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { nameFromPath } from "../models/open-model.ts";
import type { AdapterUse } from "../tensor/backend.ts";
import type { AdapterRequest } from "./protocol.ts";
import type { Adapter, AdapterChoice, AdapterOptions } from "./types.ts";

/** Sends a change to an engine. */
type Change = (request: AdapterRequest) => Promise<unknown>;

/** An adapter that is loaded. */
interface Held {
  /** Never given to another. */
  readonly number: number;
  readonly parts: readonly AdapterPart[];
  readonly about: Adapter;
  /** Its scale in requests that name no adapters; undefined: it is not in them. */
  readonly standard?: number;
  /** Requests that use it. */
  users: number;
  /** Called when the last of them has ended. */
  idle: () => void;
}

/** What `Adapters.hold` gives. */
export interface Lease {
  readonly uses: readonly AdapterUse[];
  release(): void;
}

export class Adapters {
  readonly #description: ModelDescription;
  readonly #held = new Map<string, Held>();
  /** Names that are being loaded. */
  readonly #coming = new Set<string>();
  #next = 0;

  constructor(description: ModelDescription) {
    this.#description = description;
  }

  /** What is loaded, in the order of loading. */
  get list(): Adapter[] {
    return Array.from(this.#held.values(), ({ about }) => about);
  }

  /**
   * Reads an adapter and sends it to the engine.
   * @throws {BaimoError} `request` for a name that is taken, and as `readAdapter`
   */
  async load(
    source: CheckpointInput,
    { name = nameOf(source), scale: standard, signal }: AdapterOptions,
    change: Change,
  ): Promise<Adapter> {
    if (this.#held.has(name) || this.#coming.has(name)) {
      throw new BaimoError("request", `an adapter "${name}" is loaded; give this one another name`);
    }
    this.#coming.add(name);
    try {
      const { parts, rank, modules, warnings } = await readAdapter(source, this.#description, signal);
      const number = this.#next++;
      await change({ kind: "adapter", adapter: number, parts });
      const bytes = parts.reduce((sum, { down, up }) => sum + down.byteLength + up.byteLength, 0);
      const about = { name, rank, modules, bytes, warnings };
      this.#held.set(name, { number, parts, about, standard, users: 0, idle: () => {} });
      return about;
    } finally {
      this.#coming.delete(name);
    }
  }

  /**
   * Takes an adapter away: its name at once, its memory when the requests that use it have ended.
   * @throws {BaimoError} `request` for a name that is not loaded
   */
  async unload(name: string, change: Change): Promise<void> {
    const held = this.#find(name);
    this.#held.delete(name);
    if (held.users > 0) await new Promise<void>((resolve) => (held.idle = resolve));
    await change({ kind: "adapter", adapter: held.number });
  }

  /** Sends all to an engine that has none. */
  async restore(change: Change): Promise<void> {
    for (const { number, parts } of this.#held.values())
      await change({ kind: "adapter", adapter: number, parts });
  }

  /**
   * The adapters of a request, which stay until it releases them; those of every request where it names none.
   * @throws {BaimoError} `request` for a name that is not loaded
   */
  hold(chosen: readonly AdapterChoice[] = this.#standard()): Lease {
    for (const { name } of chosen) this.#find(name);
    // What is multiplied with 0 is as if it were not there.
    const found = chosen
      .filter(({ scale }) => scale !== 0)
      .map(({ name, scale = 1 }) => ({
        held: this.#find(name),
        scale: Math.fround(scale),
      }));
    for (const { held } of found) held.users++;
    return {
      uses: found.map(({ held, scale }) => ({ adapter: held.number, scale })),
      release() {
        for (const { held } of found) if (--held.users === 0) held.idle();
      },
    };
  }

  /** Does work with the adapters of a request, which stay until it has ended. @throws {BaimoError} as `hold` */
  async using<T>(
    chosen: readonly AdapterChoice[] | undefined,
    work: (uses: readonly AdapterUse[]) => Promise<T>,
  ): Promise<T> {
    const lease = this.hold(chosen);
    try {
      return await work(lease.uses);
    } finally {
      lease.release();
    }
  }

  #standard(): AdapterChoice[] {
    return Array.from(this.#held, ([name, { standard }]) => ({ name, scale: standard ?? 0 }));
  }

  #find(name: string): Held {
    const held = this.#held.get(name);
    if (held) return held;
    const known = [...this.#held.keys()].map((one) => JSON.stringify(one)).join(", ");
    throw new BaimoError(
      "request",
      `no adapter "${name}" is loaded; ${known === "" ? "none is" : `there are ${known.slice(0, 200)}`}`,
      { option: "adapters" },
    );
  }
}

/** What an adapter is called that nobody has named: its folder or file. */
function nameOf(source: CheckpointInput): string {
  if (typeof source === "string" || source instanceof URL) {
    const place = String(source).replace(/[/\\]adapter_model\.(safetensors|bin)$/, "");
    return nameFromPath(place.replace(/^hf:/, ""));
  }
  return "adapter";
}
