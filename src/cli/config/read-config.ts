// Reads the configuration: a JSON file, over it the environment, over that the flags.
import { readFileSync } from "node:fs";
import { BaimoError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { type Door, type Kind, readOptions } from "../../options.ts";
import { type Config, configTable } from "./table.ts";

/** The configuration, and where each value comes from: "default", a file, a variable, a flag. */
export interface ReadConfig {
  readonly config: Config;
  readonly origins: Readonly<Record<keyof Config, string>>;
}

/** What there is to read. */
export interface ConfigSources {
  /** Default: the one that BAIMO_CONFIG names. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of flags, read already, by name. */
  readonly flags?: Partial<Config>;
}

type Name = keyof Config;
const NAMES = Object.keys(configTable) as Name[];
const PREFIX = "BAIMO_";
/** Variables that are no settings. */
const OTHERS = new Set(["BAIMO_HOME", "BAIMO_CONFIG", "BAIMO_API_KEY"]);

/** BAIMO_MAX_WAITING for maxWaiting. */
export const variableOf = (name: string): string =>
  PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** --max-waiting for maxWaiting. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const refuse =
  (where: string): Door["refuse"] =>
  ({ name, text }) =>
    new BaimoError("config", `${where}${name} ${text}`);

/**
 * Reads all of it.
 * @throws {BaimoError} `config` for an unknown or wrong entry, with the place, what was found and what is allowed
 */
export function readConfig({ file, env, flags = {} }: ConfigSources): ReadConfig {
  const path = file ?? env.BAIMO_CONFIG;
  const layers = [
    ...(path === undefined ? [] : [{ values: readFile(path), origin: () => path }]),
    { values: readEnvironment(env), origin: variableOf },
    { values: flags, origin: flagOf },
  ];
  const config: Partial<Record<Name, unknown>> = {};
  const origins: Partial<Record<Name, string>> = {};
  for (const name of NAMES) {
    const layer = layers.findLast(({ values }) => values[name] !== undefined);
    config[name] = layer ? layer.values[name] : configTable[name].default;
    origins[name] = layer ? layer.origin(name) : "default";
  }
  // Each value was read by the kind of its name.
  return { config: config as Config, origins: origins as Record<Name, string> };
}

function readFile(path: string): Partial<Config> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    const message = `${path}: the configuration cannot be read${why}; --config or BAIMO_CONFIG must name a file`;
    throw new BaimoError("config", message, { cause });
  }
  // What a file leaves out another layer may say.
  const table = Object.fromEntries(NAMES.map((name) => [name, { ...configTable[name], default: undefined }]));
  return readOptions(parseJson(text, path), table, { refuse: refuse(`${path}: `) });
}

function readEnvironment(env: ConfigSources["env"]): Partial<Config> {
  const known = new Map(NAMES.map((name) => [variableOf(name), name]));
  const values: Partial<Record<Name, unknown>> = {};
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || OTHERS.has(variable) || text === undefined || text === "") continue;
    const name = known.get(variable);
    if (name === undefined) {
      const near = nearestName(variable, [...known.keys()]);
      const hint = near ? `did you mean ${near}?` : `known: ${[...known.keys()].join(", ")}`;
      throw new BaimoError("config", `the environment variable ${variable} is not known; ${hint}`);
    }
    const kind: Kind<unknown> = configTable[name];
    const door = { refuse: refuse("the environment variable ") };
    values[name] = kind.read(parseText(kind, text), variable, door);
  }
  return values as Partial<Config>; // each was read by the kind of its name
}

/** A value from its text: numbers and flags as they are written, lists with commas, what has parts in JSON. */
function parseText({ kind }: Kind<unknown>, text: string): unknown {
  switch (kind) {
    case "number":
    case "whole":
      return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
    case "flag":
      return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
    case "list":
      return text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
    case "record":
    case "fields":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}

/** The value as it is shown: a secret is not. */
export function shown(name: Name, value: unknown): unknown {
  return value !== undefined && configTable[name].kind === "secret" ? "********" : value;
}
