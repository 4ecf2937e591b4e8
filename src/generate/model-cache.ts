// `saveCache` and `loadCache` of a model.
import { BaimoError } from "../errors.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { type ByteSourceInput, openByteSource } from "../formats/sources/open-byte-source.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { signalTable } from "../option-kinds.ts";
import { call, readOptions } from "../options.ts";
import type { EngineSlot } from "./engine-slot.ts";
import { saveCacheTable } from "./options.ts";
import { type CacheOwner, readSavedCache, writeSavedCache } from "./saved-cache.ts";
import type { LoadedCache, Model } from "./types.ts";

/** What saving and loading need of a model. */
export interface CachedModel {
  readonly description: ModelDescription;
  readonly engine: EngineSlot;
  /** What files of its cache are bound to; found out when it is asked for. */
  cacheOwner(): Promise<CacheOwner>;
}

/** The functions of a model that save its cache and load it. */
export function createCacheFunctions(model: CachedModel): Pick<Model, "saveCache" | "loadCache"> {
  const { description, engine } = model;
  const { config, name } = description;
  const check = () => {
    if (config.encoderLayers === 0) return;
    throw new BaimoError("request", `${name} has an encoder: its cache answers to one text and is not saved`);
  };
  return {
    async saveCache(target, options) {
      const read = readOptions(options, saveCacheTable(config.vocabSize), call("saveCache"));
      check();
      const { signal } = read;
      const owner = await model.cacheOwner();
      const result = await engine.run(
        { kind: "save", tokens: read.tokens && Int32Array.from(read.tokens) },
        { signal },
      );
      if (result.kind !== "save") throw new Error(`the engine answered ${result.kind} to save`);
      const bytes = await writeSavedCache(target, result.pages, owner, signal);
      return { tokens: result.pages.reduce((sum, { tokens }) => sum + tokens.length, 0), bytes };
    },
    async loadCache(source, options) {
      const { signal } = readOptions(options, signalTable, call("loadCache"));
      check();
      const file = await openByteSource(source as ByteSourceInput, { signal }); // it looks at what is given
      try {
        return await restore(file, signal);
      } finally {
        await file.close();
      }
    },
  };

  async function restore(file: ByteSource, signal: AbortSignal | undefined): Promise<LoadedCache> {
    try {
      const pages = await readSavedCache(file, await model.cacheOwner(), signal);
      const result = await engine.run({ kind: "restore", pages }, { signal });
      if (result.kind !== "restore") throw new Error(`the engine answered ${result.kind} to restore`);
      const isWithoutStates = config.delta !== undefined && result.tokens === 0 && pages.length > 0;
      const warning = `${file.name}: there is no room for its recurrent states; load the model with more stateBytes`;
      return isWithoutStates ? { tokens: 0, warning } : { tokens: result.tokens };
    } catch (error) {
      if (error instanceof BaimoError && error.code === "format")
        return { tokens: 0, warning: error.message };
      throw error;
    }
  }
}
