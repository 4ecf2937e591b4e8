// Models that run here, for what cannot be asked of one at an endpoint.
import { runsHere } from "../../generate/runs-here.ts";
import type { LanguageModel, Model } from "../../generate/types.ts";
import { badParameter } from "../problem.ts";

/**
 * A model that runs here, whose tokens are known.
 *
 * what  is asked of it: "token ids"
 * @throws {Problem} 400 for one at an endpoint
 */
export function modelHere({ id, model }: { id: string; model: LanguageModel }, what: string): Model {
  if (runsHere(model)) return model;
  const message = `'model' is ${JSON.stringify(id)}, which answers at an endpoint elsewhere: ${what} can be had of models that run here`;
  throw badParameter("model", "unsupported_value", message);
}
