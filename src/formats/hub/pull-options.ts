// Options of `pullModel`: where a model is kept, whom to ask as whom, and how patiently.
import { callback, fields, flag, kindOf, required, signal, text, whole } from "../../option-kinds.ts";
import type { Kind, TableOf } from "../../options.ts";
import type { UrlReadOptions } from "../sources/url-source.ts";
import type { LockTimes } from "./lock-times.ts";

/** How far a download is. */
export interface PullProgress {
  /** The file in work. */
  file: string;
  /** Bytes of it that are here, and that it has. */
  done: number;
  total: number;
  /** The same of all files together. */
  doneOfAll: number;
  totalOfAll: number;
}

/** Options of `pullModel`. */
export interface PullOptions {
  /** The cache, laid out as huggingface_hub does: models--owner--name/{blobs,refs,snapshots}. */
  cacheFolder: string;
  signal?: AbortSignal;
  onProgress?: (progress: PullProgress) => void;
  /** Default https://huggingface.co. */
  endpoint?: string;
  /** A user access token, for private and gated models. */
  token?: string;
  /** Ask nobody: what is not in the cache is not to be had. */
  offline?: boolean;
  /** How patient a download is with its server. */
  retry?: Pick<UrlReadOptions, "attempts" | "waitMs" | "stallMs">;
  /** How patient it is with another that fetches the same file. */
  lock?: LockTimes;
}

/** A user access token; a refusal does not say what was found. */
const token: Kind<string> = {
  kind: "secret",
  allowed: "a string of visible ASCII characters, without a blank or a line end",
  read(value, name, door) {
    if (typeof value === "string" && /^[\x21-\x7e]{1,4096}$/.test(value)) return value;
    const found = typeof value === "string" ? "a string that is no token" : `of type ${typeof value}`;
    const fault = typeof value === "string" ? "value" : "type";
    throw door.refuse({ name, fault, text: `is ${found}; allowed: ${this.allowed}` });
  },
};

const milliseconds = whole({ min: 0, max: 2 ** 31 - 1 });

/** What the options are. */
export const pullTable = {
  cacheFolder: required(text()),
  signal,
  onProgress: callback<NonNullable<PullOptions["onProgress"]>>(),
  endpoint: kindOf(
    "text",
    "an address that begins with http:// or https://",
    (value) => typeof value === "string",
    (value) => /^https?:\/\//i.test(value) && URL.canParse(value),
  ),
  token,
  offline: flag,
  retry: fields({ attempts: whole({ min: 1, max: 1000 }), waitMs: milliseconds, stallMs: milliseconds }),
  lock: fields({ pollMs: milliseconds, renewMs: milliseconds, staleMs: milliseconds }),
} satisfies TableOf<PullOptions>;
