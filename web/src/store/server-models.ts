// The models of a server as its application tells of them.
import type { Handle, ModelInfo, ModelState } from "../talk/client.ts";
import { ask } from "./ask.ts";

/** A model of a server. */
export interface ServerModel {
  id: string;
  state: ModelState;
  /** Whether it answers at an endpoint. */
  elsewhere: boolean;
  architecture: string | null;
  contextLength: number | null;
  weightBytes: number | null;
  /** Bytes that it holds of the memory for models. */
  bytes: number;
  adapters: string[];
  /** When it goes unless it is asked, in milliseconds since 1970. */
  leavesAt: number | null;
  /** Whether it can be loaded and unloaded. */
  managed: boolean;
  problem: string | null;
}

/** All models of a server, and the memory for them; without a limit they take what there is. */
export interface ServerModels {
  models: ServerModel[];
  memory: { used: number; limit: number | null };
}

/** A model on the machine, whether it is served or not. */
export interface Stocked {
  source: string;
  /** What it is called where it is served. */
  model: string;
  bytes: number;
}

export const readServerModels = (handle: Handle) => ask<ServerModels>(handle, "GET", "models");

/** What can be talked to: the models, and each with its adapters. */
export async function listServerModels(handle: Handle): Promise<ModelInfo[]> {
  const { models } = await readServerModels(handle);
  return models.flatMap(({ id, adapters, state, elsewhere, contextLength }) =>
    [id, ...adapters.map((adapter) => `${id}:${adapter}`)].map((name) => ({
      id: name,
      contextLength: contextLength ?? undefined,
      state,
      elsewhere,
    })),
  );
}
