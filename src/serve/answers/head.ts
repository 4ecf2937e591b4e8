// What every part of one answer repeats: its id, time and model.
import type { Model } from "../../generate/types.ts";

/** A model as the server lists it. */
export interface ListedModel {
  readonly id: string;
  readonly model: Model;
}

export function newHead(prefix: string, object: string, { id, model }: ListedModel) {
  return {
    id: `${prefix}-${crypto.randomUUID().replaceAll("-", "")}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: id,
    // With the same seed and the same fingerprint an answer repeats itself.
    system_fingerprint: `${model.engine.device}-${model.engine.kernels}`.replaceAll(/[^\w.-]+/g, "-"),
  };
}

/** The same for documents. */
export const headProperties = (object: string) => ({
  id: { type: "string" },
  object: { const: object },
  created: { type: "integer" },
  model: { type: "string" },
  system_fingerprint: { type: "string" },
});
