// baimo/ai-sdk: models in this process for the AI SDK (package `ai`, 7). Re-exports only.
export { toEmbeddingModel } from "./embedding-model.ts";
export { toLanguageModel } from "./language-model.ts";
export { createProvider } from "./provider.ts";
export { toRerankingModel } from "./reranking-model.ts";
