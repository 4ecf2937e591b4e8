// Models that a running server can take on: those on its machine, and those that it downloads.
import { callback, fields, required } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";
import type { ModelRecipe } from "./recipe.ts";

/** A model on this machine. */
export interface Stocked {
  /** What names it, as `hf:owner/name:Q4_K_M`. */
  readonly source: string;
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

/** Where a server finds more models. */
export interface Library {
  /** What is on this machine. */
  list(): Promise<readonly Stocked[]>;
  /** Brings a model here, or goes on where an earlier try ended. */
  download(source: string, options: DownloadOptions): Promise<void>;
  /** How a model that is here is opened, and what it is called. @throws {BaimoError} as `load`, and `licence` */
  recipe(source: string): Promise<{ name: string; recipe: ModelRecipe }>;
}

/** The same, declared. */
export const library = fields({
  list: required(callback<Library["list"]>()),
  download: required(callback<Library["download"]>()),
  recipe: required(callback<Library["recipe"]>()),
} satisfies TableOf<Library>);
