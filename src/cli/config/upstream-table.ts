// Models of the configuration that answer at OpenAI-compatible endpoints, declared.
import { BaimoError } from "../../errors.ts";
import { fields, list, required, text } from "../../option-kinds.ts";
import { type Kind, type OptionsOf, refusal } from "../../options.ts";
import { recipeTable } from "../../serve/models/recipe.ts";
import { checkAddress } from "../../upstream/endpoints.ts";
import { upstreamTable } from "../../upstream/open-upstream.ts";

/** An address without a key in it; what is none is not shown, since there may be one. */
const address: Kind<string> = {
  kind: "text",
  allowed: 'an address such as "https://models.example/v1"',
  schema: { type: "string" },
  read(value, name, door) {
    if (typeof value !== "string") throw refusal("type", name, typeof value, this.allowed, door);
    try {
      checkAddress({ url: value });
    } catch (error) {
      if (!(error instanceof BaimoError)) throw error;
      throw door.refuse({ name, fault: "value", text: `cannot be used: ${error.message}` });
    }
    return value;
  },
};

/** Where a key is; what stands there instead is not shown, since it may be the key. */
const variable: Kind<string> = {
  kind: "text",
  allowed: "the name of an environment variable that holds the key, in capitals, other than BAIMO_…",
  schema: { type: "string" },
  read(value, name, door) {
    if (typeof value === "string" && /^(?!BAIMO_)[A-Z_][A-Z0-9_]{0,63}$/.test(value)) return value;
    throw door.refuse({ name, fault: "value", text: `is something else; allowed: ${this.allowed}` });
  },
};

const described = fields({ url: required(address), keyVariable: variable });
const endpoint: Kind<{ url: string; keyVariable: string | undefined }> = {
  kind: "endpoint",
  allowed: `${address.allowed}, or ${described.allowed}`,
  schema: { anyOf: [address.schema ?? {}, described.schema ?? {}] },
  read: (value, name, door) =>
    typeof value === "object"
      ? described.read(value, name, door)
      : { url: address.read(value, name, door), keyVariable: undefined },
};

const { contextLength, maxActive, limits, patience } = upstreamTable;
const { aliases, price } = recipeTable;

/** A model at endpoints, each of which serves it. */
export const upstreamModelTable = {
  endpoints: required(list(endpoint, { least: 1, most: 256 })),
  /** Its name there. Default: its id here. */
  model: text({ most: 1024 }),
  /** Of endpoints that name none. */
  keyVariable: variable,
  aliases,
  price,
  contextLength,
  maxActive,
  limits,
  patience,
};

export type ConfiguredUpstream = OptionsOf<typeof upstreamModelTable>;

/** Endpoints of the command line: a model's id, and an address. */
export interface NamedAddress {
  readonly id: string;
  readonly url: string;
}

/** Reads "giant=https://models.example/v1". */
export const namedAddress: Kind<NamedAddress> = {
  kind: "text",
  allowed: "a model's id, =, and an address: giant=https://models.example/v1",
  read(value, name, door) {
    const [, id, url] = /^([^=]+)=(https?:.*)$/.exec(String(value)) ?? [];
    if (id === undefined || url === undefined)
      throw door.refuse({ name, fault: "value", text: `is none; allowed: ${this.allowed}` });
    return { id, url: address.read(url, name, door) };
  },
};

export const keyVariable = variable;
