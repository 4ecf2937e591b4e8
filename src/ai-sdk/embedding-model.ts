// A model as the AI SDK's embedding model.
import type { EmbeddingModelV4 } from "@ai-sdk/provider";
import type { EmbedOptions, LanguageModel } from "../generate/types.ts";
import { PROVIDER } from "./options.ts";

/** `providerOptions.baimo` may hold the options of `Model.embed`. */
export function toEmbeddingModel(model: LanguageModel, id = model.name): EmbeddingModelV4 {
  return {
    specificationVersion: "v4",
    provider: PROVIDER,
    modelId: id,
    maxEmbeddingsPerCall: undefined,
    supportsParallelCalls: true,
    async doEmbed({ values, abortSignal: signal, providerOptions }) {
      const own = providerOptions?.[PROVIDER] as EmbedOptions | undefined; // the model reads each by its name
      const found = await model.embed(values, { ...own, signal });
      return {
        embeddings: found.map(({ vector }) => [...vector]),
        usage: { tokens: found.reduce((sum, { tokens }) => sum + tokens, 0) },
        warnings: [],
      };
    },
  };
}
