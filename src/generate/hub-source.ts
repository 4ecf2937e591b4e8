// Brings a model of the Hub to this machine before it is opened.
import type { CheckpointInput } from "../formats/checkpoint.ts";
import { loadFileSystem } from "../formats/sources/path-source.ts";
import type { ReadLoadOptions } from "./load-options.ts";

/** Returns where a model of the Hub lies when it is here; other sources come back as they are. */
export async function fetchFromHub(
  source: CheckpointInput,
  options: Pick<ReadLoadOptions, "hub" | "signal" | "onProgress">,
): Promise<CheckpointInput> {
  if (typeof source !== "string" || !source.startsWith("hf:")) return source;
  const { hub, signal, onProgress } = options;
  await loadFileSystem(source); // where downloads are kept
  const { pullModel } = await import("../formats/hub/hub.ts");
  const { homedir } = await import("node:os");
  const { join } = await import("node:path");
  return pullModel(source, {
    ...hub,
    cacheFolder: hub?.cacheFolder ?? join(homedir(), ".cache", "huggingface", "hub"),
    signal,
    onProgress: ({ file, doneOfAll: done, totalOfAll: total }) =>
      onProgress?.({ phase: "download", file, done, total }),
  });
}
