// What a model can be asked for, wherever it runs.
import type { ModelConfig } from "../models/config/config.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** What a model can be asked for. What it cannot is refused by name, never replaced. */
export interface Capabilities {
  readonly chat: boolean;
  /** Calls of tools in a chat. */
  readonly tools: boolean;
  readonly completions: boolean;
  /** Log-probabilities of what it reads and writes. */
  readonly logprobs: boolean;
  /** The likelihood of continuations that are given. */
  readonly score: boolean;
  readonly embeddings: boolean;
  readonly rerank: boolean;
  /** Texts as token ids and back. */
  readonly tokenizer: boolean;
}

/** What must be known of a model that runs here. */
interface Known {
  readonly config: Pick<ModelConfig, "languageHead" | "encoderLayers" | "classifier">;
  readonly tokenizer: Pick<Tokenizer, "chatTemplates" | "tokenToId">;
}

/** What a model that runs here can be asked for. */
export function capabilitiesOf({ config, tokenizer }: Known): Capabilities {
  const { languageHead: writes, encoderLayers, classifier } = config;
  const templates = [...tokenizer.chatTemplates.values()];
  const chat = writes && templates.length > 0;
  /** To be asked whether a text fits. */
  const says = ["yes", "no"].every((word) => tokenizer.tokenToId(word) !== undefined);
  return {
    chat,
    tools: chat && templates.some((template) => /\btools\b/.test(template)),
    completions: writes,
    logprobs: writes,
    score: writes && encoderLayers === 0,
    embeddings: encoderLayers === 0,
    rerank: classifier !== undefined || (chat && says),
    tokenizer: true,
  };
}
