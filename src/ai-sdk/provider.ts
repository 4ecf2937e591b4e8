// The AI SDK's provider of models in this process, by their ids.
import type { EmbeddingModelV4, LanguageModelV4, ProviderV4, RerankingModelV4 } from "@ai-sdk/provider";
import { BaimoError } from "../errors.ts";
import type { LanguageModel } from "../generate/types.ts";
import { listed } from "../option-kinds.ts";
import { toEmbeddingModel } from "./embedding-model.ts";
import { toLanguageModel } from "./language-model.ts";
import { toRerankingModel } from "./reranking-model.ts";

/** A provider that is called with an id, too. */
export type BaimoProvider = ProviderV4 & {
  (id: string): LanguageModelV4;
  embeddingModel(id: string): EmbeddingModelV4;
  rerankingModel(id: string): RerankingModelV4;
};

/**
 * A provider of models that were opened by `load` or `openUpstream`; disposing of them is the caller's.
 *
 * models  by their ids; of a list each model's name is its id
 */
export function createProvider(
  models: readonly LanguageModel[] | ReadonlyMap<string, LanguageModel>,
): BaimoProvider {
  const byId = "get" in models ? models : new Map(models.map((model) => [model.name, model] as const));
  /** @throws {BaimoError} `request` for an unknown id */
  const find = (id: string): LanguageModel => {
    const model = byId.get(id);
    if (model) return model;
    throw new BaimoError(
      "request",
      `the model "${id}" is not here; there is ${listed([...byId.keys()]) || "none"}`,
    );
  };
  const languageModel = (id: string) => toLanguageModel(find(id), id);
  const none = (kind: string) => () => {
    throw new BaimoError("request", `baimo has no ${kind} models`);
  };
  return Object.assign((id: string) => languageModel(id), {
    specificationVersion: "v4" as const,
    languageModel,
    embeddingModel: (id: string) => toEmbeddingModel(find(id), id),
    rerankingModel: (id: string) => toRerankingModel(find(id), id),
    imageModel: none("image"),
  });
}
