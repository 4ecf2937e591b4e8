// Opens the model that a command works with: the embedded one where none is named.
import { join } from "node:path";
import type { LoadOptions } from "../generate/load-options.ts";
import type { TraceableModel } from "../generate/model.ts";
import { POET } from "../poet.ts";
import { cacheFolder, hubSettings } from "./environment.ts";
import { findModel } from "./find-model.ts";
import { listenForInterrupt } from "./interrupt.ts";
import type { EngineFlags } from "./options.ts";
import { createProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";
import { readText } from "./text-file.ts";

/** Loads a model with a progress bar, and warns of what its self-test found. */
export async function openModel(
  source: string | undefined,
  flags: EngineFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<TraceableModel> {
  const found = source === undefined ? POET : await findModel(source);
  return loadModel(found, await toLoadOptions(flags), terminal, signal);
}

/** What of the flags concerns loading. */
export async function toLoadOptions(flags: EngineFlags): Promise<LoadOptions> {
  return {
    device: flags.device,
    threads: flags.threads,
    contextLength: flags.context,
    cacheType: flags.cacheType,
    memoryBytes: flags.memory,
    parallel: flags.parallel,
    cacheTokens: flags.cacheTokens,
    ignoreConfigKeys: flags.ignoreConfigKeys,
    packedCache: flags.packedCache === false ? undefined : { folder: join(cacheFolder(), "packed") },
    hub: hubSettings(),
    adapters: flags.adapter,
    draft: flags.draft === undefined ? undefined : await findModel(flags.draft),
    chatTemplate: flags.chatTemplate === undefined ? undefined : await readText(flags.chatTemplate),
  };
}

/** The same by options of `load`. */
export async function loadModel(
  source: string,
  options: LoadOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<TraceableModel> {
  const { load } = await import("../index.ts");
  const progress = createProgress(terminal);
  try {
    const model = await load(source, {
      ...options,
      signal,
      onProgress: ({ phase, file, done, total }) => {
        if (phase === "weights") progress.update({ label: "loading weights", done, total });
        else progress.update({ label: `downloading ${file ?? ""}`, done, total, unit: "bytes" });
      },
    });
    progress.clear();
    const warnings = [...model.engine.warnings, ...model.adapters.flatMap((adapter) => adapter.warnings)];
    for (const warning of warnings) terminal.note(`baimo: warning: ${warning}`);
    return model;
  } finally {
    progress.clear();
  }
}

/**
 * Brings a model of the Hub to this machine with a progress bar; other sources come back as they are.
 * @throws {BaimoError} `request` for a word that names no model
 */
export async function fetchSource(
  word: string,
  terminal: Terminal,
  signal: AbortSignal,
  settings: Partial<ReturnType<typeof hubSettings>> = {},
): Promise<string> {
  const source = await findModel(word);
  if (!source.startsWith("hf:")) return source;
  const { pullModel } = await import("../formats/index.ts");
  const progress = createProgress(terminal);
  try {
    return await pullModel(source, {
      ...hubSettings(),
      ...settings,
      signal,
      onProgress: ({ file, doneOfAll: done, totalOfAll: total }) =>
        progress.update({ label: `downloading ${file}`, done, total, unit: "bytes" }),
    });
  } finally {
    progress.clear();
  }
}

/** Loads a model, works with it and frees it; Ctrl-C fires the signal. */
export async function withModel<T>(
  source: string | undefined,
  flags: EngineFlags,
  terminal: Terminal,
  work: (model: TraceableModel, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = listenForInterrupt();
  try {
    const model = await openModel(source, flags, terminal, interrupt.signal);
    try {
      return await work(model, interrupt.signal);
    } finally {
      await model.dispose();
    }
  } finally {
    interrupt.release();
  }
}
