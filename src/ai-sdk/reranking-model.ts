// A model as the AI SDK's reranking model.
import type { RerankingModelV4 } from "@ai-sdk/provider";
import type { LanguageModel, RerankOptions } from "../generate/types.ts";
import { PROVIDER } from "./options.ts";

/** `providerOptions.baimo` may hold the options of `Model.rerank`; documents that are objects are read as JSON. */
export function toRerankingModel(model: LanguageModel, id = model.name): RerankingModelV4 {
  return {
    specificationVersion: "v4",
    provider: PROVIDER,
    modelId: id,
    async doRerank({ query, documents, topN, abortSignal: signal, providerOptions }) {
      const texts =
        documents.type === "text" ? documents.values : documents.values.map((value) => JSON.stringify(value));
      const own = providerOptions?.[PROVIDER] as RerankOptions | undefined; // the model reads each by its name
      const ranked = await model.rerank(query, texts, { ...own, signal });
      return { ranking: ranked.slice(0, topN).map(({ index, score }) => ({ index, relevanceScore: score })) };
    },
  };
}
