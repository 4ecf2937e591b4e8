// The table of the server's routes.

import { appRoutes } from "./app/routes/routes.ts";
import type { Route } from "./route.ts";
import { chatCompletions } from "./routes/chat-completions.ts";
import { completions } from "./routes/completions.ts";
import { countTokens } from "./routes/count-tokens.ts";
import { detokenize } from "./routes/detokenize.ts";
import { embeddings } from "./routes/embeddings.ts";
import { health } from "./routes/health.ts";
import { messages } from "./routes/messages.ts";
import { metrics } from "./routes/metrics.ts";
import { model } from "./routes/model.ts";
import { models } from "./routes/models.ts";
import { compactResponse, responseSocket } from "./routes/not-done.ts";
import { ollamaChat } from "./routes/ollama-chat.ts";
import { ollamaEmbed } from "./routes/ollama-embed.ts";
import { ollamaGenerate } from "./routes/ollama-generate.ts";
import { ollamaPs } from "./routes/ollama-ps.ts";
import { ollamaShow } from "./routes/ollama-show.ts";
import { ollamaTags } from "./routes/ollama-tags.ts";
import { ollamaVersion } from "./routes/ollama-version.ts";
import { openApi } from "./routes/openapi.ts";
import { removeResponse } from "./routes/remove-response.ts";
import { rerank } from "./routes/rerank.ts";
import { response } from "./routes/response.ts";
import { responses } from "./routes/responses.ts";
import { tokenize } from "./routes/tokenize.ts";
import { tokenizerInfo } from "./routes/tokenizer-info.ts";

const interfaces: readonly Route[] = [
  chatCompletions,
  completions,
  responses,
  response,
  removeResponse,
  compactResponse,
  responseSocket,
  messages,
  countTokens,
  ollamaChat,
  ollamaGenerate,
  ollamaEmbed,
  ollamaTags,
  ollamaPs,
  ollamaShow,
  ollamaVersion,
  embeddings,
  rerank,
  models,
  model,
  tokenize,
  detokenize,
  tokenizerInfo,
  health,
  metrics,
  ...appRoutes,
];

export const routes: readonly Route[] = [...interfaces, openApi(interfaces)];
