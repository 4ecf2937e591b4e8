// The models of a server by their names: loaded ones, and those that are loaded when asked for.
import { BaimoError } from "../../errors.ts";
import type { Capabilities } from "../../generate/capabilities.ts";
import type { QueueState } from "../../generate/queue.ts";
import { runsHere } from "../../generate/runs-here.ts";
import type { EngineStatus, LanguageModel } from "../../generate/types.ts";
import type { ModelConfig } from "../../models/config/config.ts";
import { callback, instance, number, withDefault } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import type { Price } from "../../upstream/price.ts";
import { withAdapter } from "./adapted.ts";
import { type Place, Pool, type PoolState } from "./pool.ts";
import { noName, stays, unknownModel } from "./problems.ts";
import { type ModelRecipe, modelId, type Preview, recipeTable } from "./recipe.ts";

/** A model as a request may use it. */
export interface Lease {
  /** As the request calls it. */
  readonly id: string;
  readonly model: LanguageModel;
  /** What requests wait for one another at: the model without its adapter. */
  readonly engine: LanguageModel;
  readonly price?: Price;
  /** Whether it can be unloaded, and so be told how long to stay. */
  readonly managed: boolean;
  /** Keeps it loaded until the function that comes back is called. */
  hold(): () => void;
  /** How long it stays after its last request, in seconds; Infinity for ever. */
  keep(seconds: number): void;
}

/** A model that is ready, for work beside requests. */
export type LoadedModel = Pick<Lease, "id" | "model" | "hold">;

/** A model as the server tells of it. */
export interface ModelFacts {
  readonly id: string;
  readonly state: PoolState | EngineStatus;
  /** What is known of it: nothing, where its files cannot be read. */
  readonly about?: {
    readonly config?: ModelConfig;
    readonly contextLength?: number;
    readonly weightBytes: number;
  };
  /** Of a model that is loaded. */
  readonly capabilities?: Capabilities;
  readonly price?: Price;
  /** Bytes that it holds of the memory for models. */
  readonly bytes: number;
  readonly aliases: readonly string[];
  /** Names of its adapters: `model:adapter` answers with one. */
  readonly adapters: readonly string[];
  /** In milliseconds of Unix time; undefined where nothing is set. */
  readonly leavesAt?: number;
  /** Whether it can be loaded and unloaded. */
  readonly managed: boolean;
  /** Why it could not be loaded. */
  readonly problem?: string;
}

/** Options of `openModels`. */
export interface ModelsOptions {
  /** Bytes that all loaded models may take together. Default: no bound. */
  memoryBytes?: number;
  /** How long a request waits for a model to be loaded, in seconds, before it is told to ask again. Default 300. */
  loadSeconds?: number;
  /** Told of models that cannot be loaded. */
  onError?: (error: unknown) => void;
}

/** The same, declared. */
export const modelsTable = {
  memoryBytes: number({ min: 1 }),
  loadSeconds: withDefault(number({ min: 0, max: 2_147_483 }), 300),
  onError: callback<NonNullable<ModelsOptions["onError"]>>(),
} satisfies TableOf<ModelsOptions>;

/** Models that are there already, by id. */
type Loaded = ReadonlyMap<string, LanguageModel>;

/** What `find` is told. */
interface FindOptions {
  readonly signal?: AbortSignal;
}

const NOTHING = () => {};

export class Models {
  readonly #loaded: Loaded;
  readonly #places: Map<string, Place>;
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #pool: Pool;

  /** @throws {BaimoError} `config` where two have one name */
  constructor(
    loaded: Loaded,
    recipes: ReadonlyMap<string, ModelRecipe> = new Map(),
    { memoryBytes = Number.POSITIVE_INFINITY, loadSeconds = 300, onError }: ModelsOptions = {},
  ) {
    this.#loaded = loaded;
    this.#places = new Map(Array.from(recipes, ([id, recipe]) => [id, placeOf(id, recipe)]));
    this.#aliases = aliasesOf(this.#places);
    this.#pool = new Pool(this.#places, { memoryBytes, loadSeconds, onError });
  }

  get ids(): string[] {
    return [...this.#loaded.keys(), ...this.#places.keys()];
  }

  /** The queues of all loaded models together. */
  get queue(): QueueState {
    const placed = Array.from(this.#places.values(), ({ model }) => model);
    const queues = [...this.#loaded.values(), ...placed].flatMap((model) => model?.queue ?? []);
    const sum = (what: keyof QueueState) => queues.reduce((total, queue) => total + queue[what], 0);
    return { active: sum("active"), waiting: sum("waiting"), limit: sum("limit") };
  }

  /** Bytes of memory that are held for models, those included that are being loaded. */
  get usedBytes(): number {
    return this.#pool.usedBytes;
  }

  /** Bytes that all of them may take together; undefined where there is no bound. */
  get memoryBytes(): number | undefined {
    return this.#pool.memoryBytes;
  }

  /** Takes on one more; one that is here already stays as it is. Returns its name. @throws {BaimoError} `request` for a wrong recipe */
  add(id: string, recipe: ModelRecipe): string {
    const isHere = this.#loaded.has(id) || this.#places.has(id) || this.#aliases.has(id);
    if (!isHere) this.#places.set(id, placeOf(id, recipe));
    return id;
  }

  /** Has a model loaded, and does not wait for it; what goes wrong is among its facts. @throws {Problem} 404 for an unknown one */
  start(name: string): void {
    const { id } = this.#resolve(name);
    void this.find(id).then(({ release }) => release(), NOTHING);
  }

  /**
   * Has a model unloaded when its requests have ended.
   * @throws {Problem} 404 for an unknown one, 409 for one that stays as long as the server
   */
  unload(name: string): void {
    const { id } = this.#resolve(name);
    const place = this.#places.get(id);
    if (!place || place.recipe.pinned) throw stays(id);
    this.#pool.dismiss(place);
  }

  /** Lets go of a model that can be loaded and unloaded: it is the server's no more. Of one that is not here nothing changes. */
  async remove(id: string): Promise<void> {
    const place = this.#places.get(id);
    if (!place) return;
    if (place.recipe.pinned) throw stays(id);
    await this.#pool.leave(place);
    this.#places.delete(id);
  }

  /**
   * The model that a request names, loaded and held until `hold`'s function, called for it, is called: `release` first.
   * Where there is one model alone, it need not be named.
   * @throws {Problem} 400 without a name where there are several, 404 for an unknown one, 503 or 500 where it cannot be loaded
   */
  async find(name: string | undefined, { signal }: FindOptions = {}): Promise<Lease & { release(): void }> {
    const { id, adapter } = this.#resolve(name ?? this.#onlyId());
    const place = this.#places.get(id);
    if (adapter !== undefined && !(await this.#hasAdapter(id, adapter))) throw unknownModel(name!, this.ids);
    const engine = place ? await this.#pool.take(place, signal) : this.#loaded.get(id)!;
    const release = place ? this.#pool.releaser(place) : NOTHING;
    return {
      id: name ?? id,
      model: adapter === undefined || !runsHere(engine) ? engine : withAdapter(engine, adapter),
      engine,
      price: place?.recipe.price,
      managed: place !== undefined && !place.recipe.pinned,
      hold: () => (place ? this.#pool.hold(place) : NOTHING),
      keep: (seconds) => {
        if (place) place.idleSeconds = seconds === Number.POSITIVE_INFINITY ? undefined : seconds;
      },
      release,
    };
  }

  /** What is known of every model; of one that is not loaded, what its files say. */
  list(): Promise<ModelFacts[]> {
    return Promise.all(this.ids.map((id) => this.#factsOf(id)));
  }

  /** The same of one. @throws {Problem} 404 for an unknown one */
  async facts(name: string): Promise<ModelFacts> {
    const { id } = this.#resolve(name);
    const facts = await this.#factsOf(id);
    return { ...facts, id: name };
  }

  /** Now, without looking at files. */
  states(): { id: string; state: ModelFacts["state"]; bytes: number }[] {
    return this.ids.map((id) => ({ id, state: this.#stateOf(id), bytes: this.#places.get(id)?.bytes ?? 0 }));
  }

  /** What tokens cost of those that have a price. */
  prices(): { model: string; price: Price }[] {
    return [...this.#places].flatMap(([model, { recipe }]) =>
      recipe.price ? [{ model, price: recipe.price }] : [],
    );
  }

  /** Those that are ready to be asked. */
  loaded(): LoadedModel[] {
    return this.ids.flatMap((id) => {
      const place = this.#places.get(id);
      const model = place ? place.model : this.#loaded.get(id);
      const hold = () => (place ? this.#pool.hold(place) : NOTHING);
      return model && this.#stateOf(id) === "ready" ? [{ id, model, hold }] : [];
    });
  }

  /** Unloads what was loaded on demand. */
  dispose(): Promise<void> {
    return this.#pool.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #stateOf(id: string): ModelFacts["state"] {
    const place = this.#places.get(id);
    const status = (place?.state === "ready" ? place.model : this.#loaded.get(id))?.status;
    return status && status !== "ready" ? status : (place?.state ?? "ready");
  }

  async #factsOf(id: string): Promise<ModelFacts> {
    const place = this.#places.get(id);
    const model = place ? place.model : this.#loaded.get(id);
    const preview = model || !place ? undefined : await this.#pool.preview(place).catch(() => undefined);
    return {
      id,
      state: this.#stateOf(id),
      about: model ? aboutModel(model) : preview && aboutPreview(preview),
      capabilities: model?.capabilities,
      price: place?.recipe.price,
      bytes: place?.bytes ?? (model && aboutModel(model).weightBytes) ?? 0,
      aliases: place?.recipe.aliases ?? [],
      adapters: (model ? adaptersOf(model) : (preview?.adapters ?? [])).map(({ name }) => name),
      leavesAt: place?.leavesAt,
      managed: place !== undefined && !place.recipe.pinned,
      problem: place?.state === "failed" ? place.problem : undefined,
    };
  }

  /** "name", "name:adapter", or "name:latest" as Ollama's clients write it. */
  #resolve(name: string): { id: string; adapter?: string } {
    const known = (each: string) => this.#loaded.has(each) || this.#places.has(each);
    const idOf = (each: string) => (known(each) ? each : this.#aliases.get(each));
    const whole = idOf(name);
    if (whole !== undefined) return { id: whole };
    const colon = name.lastIndexOf(":");
    const id = colon < 0 ? undefined : idOf(name.slice(0, colon));
    const tail = name.slice(colon + 1);
    if (id === undefined || tail === "") throw unknownModel(name, this.ids);
    return tail === "latest" ? { id } : { id, adapter: tail };
  }

  /** Before it is loaded; where its files cannot be read, loading it says so. */
  async #hasAdapter(id: string, name: string): Promise<boolean> {
    const place = this.#places.get(id);
    const model = this.#loaded.get(id) ?? place?.model;
    const preview = model || !place ? undefined : await this.#pool.preview(place).catch(() => undefined);
    const adapters = model ? adaptersOf(model) : preview && (preview.adapters ?? []);
    return !adapters || adapters.some((each) => each.name === name);
  }

  #onlyId(): string {
    const [id, ...others] = this.ids;
    if (id !== undefined && others.length === 0) return id;
    throw noName(this.ids);
  }
}

/**
 * Models that are loaded when they are asked for, and unloaded, the least recently used first, where their memory is needed:
 * never one that is answering. Given to `createHandler`; disposing of them is the caller's.
 * @throws {BaimoError} `request` for a wrong option, `config` where two models have one name
 */
export function openModels(recipes: ReadonlyMap<string, ModelRecipe>, given: ModelsOptions = {}): Models {
  const options = readOptions(given, modelsTable, call("openModels"));
  instance("a Map of recipes by id", Map).read(recipes, "recipes", call("openModels"));
  return new Models(new Map(), recipes, options);
}

function placeOf(id: string, given: ModelRecipe): Place {
  modelId.read(id, "an id of recipes", call("openModels"));
  const recipe = readOptions(given, recipeTable, call(`openModels: recipes[${id}]`));
  const { idleSeconds } = recipe;
  return {
    id,
    recipe,
    state: "unloaded",
    bytes: 0,
    holders: 0,
    waiters: new Set(),
    lastUsed: 0,
    idleSeconds,
  };
}

function aliasesOf(places: ReadonlyMap<string, Place>): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const [id, { recipe }] of places) {
    for (const alias of recipe.aliases) {
      const other = places.has(alias) ? alias : aliases.get(alias);
      if (other !== undefined) {
        throw new BaimoError("config", `two models are named "${alias}": "${other}" and "${id}"; rename one`);
      }
      aliases.set(alias, id);
    }
  }
  return aliases;
}

const aboutModel = (model: LanguageModel): NonNullable<ModelFacts["about"]> => {
  const { contextLength } = model;
  if (!runsHere(model)) return { contextLength, weightBytes: 0 };
  return { config: model.config, contextLength, weightBytes: model.engine.weightBytes };
};

const aboutPreview = ({ config, contextLength, memory: { weights, experts } }: Preview) => ({
  config,
  contextLength,
  weightBytes: weights + experts,
});

/** One at an endpoint has none. */
const adaptersOf = (model: LanguageModel) => (runsHere(model) ? (model.adapters ?? []) : []);
