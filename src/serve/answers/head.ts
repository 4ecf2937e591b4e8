// What every part of one answer repeats: its id, time and model.
import { runsHere } from "../../generate/runs-here.ts";
import type { LanguageModel } from "../../generate/types.ts";

/** A model as the server lists it. */
export interface ListedModel {
  readonly id: string;
  readonly model: LanguageModel;
}

export function newHead(prefix: string, object: string, { id, model }: ListedModel) {
  return {
    id: `${prefix}-${crypto.randomUUID().replaceAll("-", "")}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: id,
    system_fingerprint: fingerprintOf(model),
  };
}

/** With the same seed and the same fingerprint an answer repeats itself; an endpoint promises nothing. */
function fingerprintOf(model: LanguageModel): string | undefined {
  if (!runsHere(model)) return undefined;
  const { device, kernels } = model.engine;
  return `${device}-${kernels}`.replaceAll(/[^\w.-]+/g, "-");
}

/** The same for documents. */
export const headProperties = (object: string) => ({
  id: { type: "string" },
  object: { const: object },
  created: { type: "integer" },
  model: { type: "string" },
  system_fingerprint: { type: "string" },
});
