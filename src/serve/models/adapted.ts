// A model that answers with one of its adapters: what `model:adapter` names.
import type { Model } from "../../generate/types.ts";
import { badParameter } from "../problem.ts";

/** The same model, whose answers and likelihoods are the adapter's unless a request names adapters itself. */
export function withAdapter(model: Model, name: string): Model {
  const adapters = [{ name }];
  const refuse = (what: string) => async () => {
    const message = `'model' names the adapter "${name}", which ${what} do not use; name the model alone`;
    throw badParameter("model", "unsupported_value", message);
  };
  const adapted: Partial<Model> = {
    chat: (messages, options = {}) =>
      model.chat(messages, { ...options, adapters: options.adapters ?? adapters }),
    complete: (prompt, options = {}) =>
      model.complete(prompt, { ...options, adapters: options.adapters ?? adapters }),
    score: (texts, options = {}) =>
      model.score(texts, { ...options, adapters: options.adapters ?? adapters }),
    embed: refuse("embeddings"),
    rerank: refuse("ranks"),
  };
  return Object.assign(Object.create(model) as Model, adapted);
}
