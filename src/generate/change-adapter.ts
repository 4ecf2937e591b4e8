// Loads an adapter on one rank or forgets it; every rank does it between the same two commands.
import type { Bus } from "../backends/bus.ts";
import { loadAdapter } from "../models/forward/adapters.ts";
import type { Transformer } from "../models/forward/model.ts";
import type { AdapterRequest } from "./protocol.ts";

/** Returns when every rank has done it. @throws {BaimoError} `memory` when an adapter does not fit */
export function changeAdapter(model: Transformer, bus: Bus, { adapter, parts }: AdapterRequest): void {
  if (parts) model.adapters.set(adapter, loadAdapter(model.backend, model.weights, parts));
  else model.adapters.delete(adapter);
  // The next command must not come before every rank has seen this one.
  bus.barrier();
}
