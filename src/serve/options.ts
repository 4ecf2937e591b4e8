// Options of `createHandler` and `listen`.
import type { LanguageModel } from "../generate/types.ts";
import {
  callback,
  fields,
  flag,
  kindOf,
  list,
  number,
  required,
  signal,
  text,
  whole,
  withDefault,
} from "../option-kinds.ts";
import { type Kind, refusal, type TableOf } from "../options.ts";
import { type ApplicationOptions, applicationTable } from "./app/application-options.ts";
import { type EnergyMeter, energyMeter } from "./energy.ts";
import type { KeyRing } from "./keys/api-key.ts";
import { Models } from "./models/models.ts";
import { modelId } from "./models/recipe.ts";
import type { RequestEntry } from "./record.ts";

/** What a server serves, and its bounds. */
export interface HandlerOptions {
  /**
   * The models by id. A list takes each model's name as its id; a map may change while the server runs; `openModels` makes those
   * that are loaded when they are asked for.
   */
  models: readonly LanguageModel[] | ReadonlyMap<string, LanguageModel> | Models;
  /** Files of a web page, by path ("/" first of all); undefined where there is none. */
  page?: (path: string) => Promise<Response | undefined>;
  /** Conversations, assistants and accounts for the page. Default: none. */
  application?: ApplicationOptions;
  /** Longest body accepted, in bytes. Default 4 MiB. */
  maxBodyBytes?: number;
  /** Answers that may be streaming at once, those included that are done but not yet read. Default 256. */
  maxReaders?: number;
  /** How long a client may leave a full buffer of its stream unread. Default 60. */
  stallSeconds?: number;
  /** Origins of pages on other hosts that may use this server ("*" for any). Default none. */
  allowOrigins?: readonly string[];
  /** Where the energy of requests is read: `statedEnergy` and `measuredEnergy` of baimo/serve/node. Default: it is not known. */
  energy?: EnergyMeter;
  /** Who may ask: `openKeys` of baimo/serve/node opens a file of keys. Default: everybody. */
  keys?: KeyRing;
  /** The server is closing: answers under way end with an error that says so, and there are no more. */
  signal?: AbortSignal;
  /** Told of every request of a route when it has ended; of its words only with `logTexts`. */
  onRequest?: (entry: RequestEntry) => void;
  /** Tell `onRequest` bodies and answers, too. Default false. */
  logTexts?: boolean;
  /** Told of failures that are not the client's. */
  onError?: (error: unknown) => void;
}

/** Where to listen. */
export interface ListenOptions {
  /** 0 takes any free port. Default 8080. */
  port?: number;
  /** Default 127.0.0.1: this machine alone. */
  host?: string;
  /** Closes the server; given to `createHandler` too, it ends the answers under way. */
  signal?: AbortSignal;
  /** How long answers under way may take to end when the server closes, before their connections are cut. Default 5. */
  graceSeconds?: number;
}

/** An origin as browsers send it, or "*" for any. */
export const origin = kindOf(
  "text",
  'an origin such as "https://app.example", without a path, or "*" for any',
  (value) => typeof value === "string",
  (value) => value === "*" || /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/i.test(value),
);

const model = kindOf("model", "a model that load or openUpstream opened", (value): value is LanguageModel => {
  const { name, chat, complete, capabilities } = (value ?? {}) as Partial<LanguageModel>;
  const speaks = typeof chat === "function" && typeof complete === "function";
  return speaks && typeof name === "string" && capabilities !== undefined;
});
const modelList = list(model);

/** Models by id. */
const models: Kind<HandlerOptions["models"]> = {
  kind: "models",
  allowed: "a list of models, a Map of them by id, or what openModels made",
  read(value, name, door) {
    if (value instanceof Models) return value;
    if (Array.isArray(value)) return modelList.read(value, name, door);
    if (!(value instanceof Map)) throw refusal("type", name, value, this.allowed, door);
    for (const [id, each] of value) {
      modelId.read(id, `an id of ${name}`, door);
      model.read(each, `${name}[${id}]`, door);
    }
    return value; // not a copy: it may change while the server runs
  },
};

const ring = kindOf("ring", "keys that openKeys opened", (value): value is KeyRing => {
  const { find, used, spend } = (value ?? {}) as Partial<KeyRing>;
  return [find, used, spend].every((each) => typeof each === "function");
});

/** The options of `createHandler`, declared. */
export const handlerTable = {
  models: required(models),
  page: callback<NonNullable<HandlerOptions["page"]>>(),
  application: fields(applicationTable),
  maxBodyBytes: withDefault(number({ min: 1, max: 2 ** 31 }), 4 * 1024 * 1024),
  maxReaders: withDefault(whole({ min: 1, max: 1_000_000 }), 256),
  stallSeconds: withDefault(number({ min: 0, max: 2_147_483, above: true }), 60),
  allowOrigins: withDefault(list(origin, { most: 1024 }), []),
  energy: energyMeter,
  keys: ring,
  signal,
  onRequest: callback<NonNullable<HandlerOptions["onRequest"]>>(),
  logTexts: withDefault(flag, false),
  onError: callback<NonNullable<HandlerOptions["onError"]>>(),
} satisfies TableOf<HandlerOptions>;

/** Those of `listen`. */
export const listenTable = {
  port: withDefault(whole({ min: 0, max: 65_535 }), 8080),
  host: withDefault(text({ most: 255 }), "127.0.0.1"),
  signal,
  graceSeconds: withDefault(number({ min: 0, max: 2_147_483 }), 5),
} satisfies TableOf<ListenOptions>;
