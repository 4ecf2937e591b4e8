// Models that a running server can take on: those on its machine, and those that it downloads.
import { callback, fields, required } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";
import type { ModelRecipe } from "./recipe.ts";

/** A model on this machine. */
export interface Stocked {
  /** What names it, as `hf:owner/name:Q4_K_M`. */
  readonly source: string;
  /** What it is called where it is served. */
  readonly model: string;
  readonly bytes: number;
}

/** How far a download is. */
export interface Progress {
  readonly file: string;
  /** Bytes of all its files that are here, and that there are. */
  readonly done: number;
  readonly total: number;
}

/** What a download is told. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** A download that ended before all had come. */
export interface Unfinished extends Progress {
  readonly source: string;
}

/** Where a server finds more models. */
export interface Library {
  /** What is on this machine. */
  list(): Promise<readonly Stocked[]>;
  /** Brings a model here, or goes on where an earlier try ended. */
  download(source: string, options: DownloadOptions): Promise<void>;
  /** How a model that is here is opened, and what it is called. @throws {BaimoError} as `load`, and `licence` */
  recipe(source: string): Promise<{ name: string; recipe: ModelRecipe }>;
  /** Downloads of earlier runs that can go on. */
  unfinished?(): Promise<readonly Unfinished[]>;
  /** Deletes a model, or what has come of one. Left out: that is done elsewhere. */
  remove?(source: string): Promise<void>;
}

/** The same, declared. */
export const library = fields({
  list: required(callback<Library["list"]>()),
  download: required(callback<Library["download"]>()),
  recipe: required(callback<Library["recipe"]>()),
  unfinished: callback<NonNullable<Library["unfinished"]>>(),
  remove: callback<NonNullable<Library["remove"]>>(),
} satisfies TableOf<Library>);
