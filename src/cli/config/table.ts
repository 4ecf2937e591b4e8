// The configuration of a server, declared: every setting, its kind, its standard.
import { loadTable } from "../../generate/load-options.ts";
import { adapterTable } from "../../generate/options.ts";
import {
  choice,
  fields,
  flag,
  list,
  number,
  record,
  required,
  text,
  withDefault,
} from "../../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, refusal } from "../../options.ts";
import { safeAddress } from "../../serve/app/oidc.ts";
import { statedPowerTable } from "../../serve/energy.ts";
import { modelsTable } from "../../serve/models/models.ts";
import { recipeTable } from "../../serve/models/recipe.ts";
import { handlerTable, listenTable } from "../../serve/options.ts";
import { bytesOf } from "../byte-size.ts";
import { type ConfiguredUpstream, upstreamModelTable } from "./upstream-table.ts";

const path = text({ most: Number.POSITIVE_INFINITY });

const size: Kind<number> = {
  kind: "size",
  allowed: 'a size with its unit, such as "8GB" or "6GiB"',
  schema: { type: "string" },
  read(value, name, door) {
    if (typeof value !== "string") throw refusal("type", name, value, this.allowed, door);
    const bytes = bytesOf(value);
    if (Number.isNaN(bytes)) throw refusal("value", name, value, this.allowed, door);
    return bytes;
  },
};

/** A text that nobody is shown, be it wrong. */
const secret: Kind<string> = {
  ...text(),
  kind: "secret",
  read(value, name, door) {
    if (typeof value === "string" && value.length > 0 && value.length <= 4096) return value;
    throw door.refuse({ name, fault: "value", text: `is none; allowed: ${this.allowed}` });
  },
};

const { threads, contextLength, cacheType, parallel, cacheTokens, device, ignoreConfigKeys } = loadTable;
const { aliases, pinned, idleSeconds, price } = recipeTable;

/** A model of the configuration. */
export const modelTable = {
  source: required(path),
  aliases,
  pinned,
  idleSeconds,
  price,
  /** Without a scale one is in those requests alone that name it: `model:adapter`. */
  adapters: list(fields({ source: required(path), name: adapterTable.name, scale: adapterTable.scale }), {
    most: 256,
  }),
  /** A smaller model of the same vocabulary that guesses what follows. */
  draft: path,
  /** A file. */
  chatTemplate: path,
  device,
  threads,
  contextLength,
  cacheType,
  parallel,
  cacheTokens,
  ignoreConfigKeys,
};

const local = fields(modelTable);
const upstream = fields(upstreamModelTable);
const model: Kind<ConfiguredModel | ConfiguredUpstream> = {
  kind: "model",
  allowed: `${local.allowed}; of one at endpoints ${upstream.allowed}`,
  schema: { anyOf: [local.schema ?? {}, upstream.schema ?? {}] },
  read: (value, name, door) =>
    isPlain(value) && "endpoints" in value ? upstream.read(value, name, door) : local.read(value, name, door),
};
const models = record(model);

export const configTable = {
  host: listenTable.host,
  /** Left out: 8080, or the next free one. */
  port: { ...listenTable.port, default: undefined } as Kind<number>,
  models,
  memory: size,
  keysFile: path,
  allowOrigins: handlerTable.allowOrigins,
  log: withDefault(choice("off", "requests", "texts"), "off"),
  /** The Model Context Protocol at /mcp. */
  mcp: withDefault(flag, false),
  maxBodyBytes: handlerTable.maxBodyBytes,
  maxWaiting: loadTable.maxWaiting,
  stallSeconds: handlerTable.stallSeconds,
  loadSeconds: modelsTable.loadSeconds,
  graceSeconds: withDefault(number({ min: 0, max: 2_147_483 }), 30),
  licenceProfile: path,
  /** What a processor core takes while it works, where the machine does not count itself, or wrongly. */
  power: fields(statedPowerTable),
  /** Where people reach the server, when they sign in elsewhere. */
  publicUrl: safeAddress,
  oidcIssuer: safeAddress,
  oidcClientId: text({ most: 1024 }),
  oidcClientSecret: secret,
  offline: flag,
  hubToken: secret,
};

export type Config = OptionsOf<typeof configTable>;
export type ConfiguredModel = OptionsOf<typeof modelTable>;
