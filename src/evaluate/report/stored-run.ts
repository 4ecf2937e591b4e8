// A run as its files tell it, whichever tool wrote them.
import type { EvaluatedDocument } from "../run.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import type { TaskConfig } from "../tasks/task-config.ts";

/** A run from its files. */
export interface StoredRun {
  /** The folder's own name. */
  readonly name: string;
  readonly folder: string;
  readonly model: string;
  /** The results file, its numbers those of JavaScript. */
  readonly results: Record<string, unknown>;
  readonly tasks: readonly StoredTask[];
  /** Tasks of it that cannot be shown document by document, and why. */
  readonly left: readonly { readonly task: string; readonly why: string }[];
  /** OpenCompass wrote it: of settings its files say nothing. */
  readonly isOpenCompass: boolean;
}

/** A document of which a request failed. */
export interface FailedDocument {
  readonly id: number;
  readonly documentHash: string;
  readonly reason: string;
}

/** A task of a stored run. */
export interface StoredTask {
  readonly name: string;
  readonly config: TaskConfig;
  readonly documents: readonly EvaluatedDocument[];
  /** Why it cannot be scored again; left out, it can. */
  readonly notAgain?: string;
  /** The lines of the samples file, one for each document and filter. */
  readonly samples: readonly RawConfig[];
  readonly failed: readonly FailedDocument[];
}
