// What an endpoint can do, found out by a few short requests.
import { type Endpoint, type Limits, post } from "./endpoint.ts";

/** What a model can be asked for. */
export interface Capabilities {
  readonly chat: boolean;
  readonly tools: boolean;
  readonly completions: boolean;
  /** Log-probabilities of the prompt's own tokens. */
  readonly echoLogprobs: boolean;
  readonly embeddings: boolean;
}

const messages = [{ role: "user", content: "Hi" }];
const parameters = { type: "object", properties: {} };
const tools = [{ type: "function", function: { name: "nothing", description: "Does nothing.", parameters } }];

/** A short request for each. */
const PROBES: { readonly [K in keyof Capabilities]: { readonly path: string; readonly body: object } } = {
  chat: { path: "/chat/completions", body: { messages, max_tokens: 1 } },
  tools: { path: "/chat/completions", body: { messages, tools, max_tokens: 1 } },
  completions: { path: "/completions", body: { prompt: "Hi", max_tokens: 1 } },
  echoLogprobs: { path: "/completions", body: { prompt: "Hi you", echo: true, logprobs: 1, max_tokens: 1 } },
  embeddings: { path: "/embeddings", body: { input: "Hi" } },
};
/** Answers of an endpoint that does not know the route or the field. */
const NO = new Set([400, 404, 405, 422, 500, 501]);

/**
 * Asks an endpoint for one token of each kind.
 * @throws {BaimoError} `upstream` where it cannot be reached, or wants another key; `aborted`
 */
export async function probe(
  endpoint: Endpoint,
  { model, limits, signal }: { model: string; limits: Limits; signal?: AbortSignal },
): Promise<Capabilities> {
  const can = async ({ path, body }: { path: string; body: object }): Promise<boolean> => {
    const outcome = await post(endpoint, { path, body: { model, ...body }, limits, signal });
    if ("bytes" in outcome) {
      for await (const _ of outcome.bytes);
      return true;
    }
    if (outcome.status !== undefined && NO.has(outcome.status)) return false;
    throw outcome.failure;
  };
  const chat = await can(PROBES.chat);
  const completions = await can(PROBES.completions);
  return {
    chat,
    tools: chat && (await can(PROBES.tools)),
    completions,
    echoLogprobs: completions && (await can(PROBES.echoLogprobs)),
    embeddings: await can(PROBES.embeddings),
  };
}

/** What all of them can. */
export const common = (all: readonly Capabilities[]): Capabilities => ({
  chat: all.every(({ chat }) => chat),
  tools: all.every(({ tools }) => tools),
  completions: all.every(({ completions }) => completions),
  echoLogprobs: all.every(({ echoLogprobs }) => echoLogprobs),
  embeddings: all.every(({ embeddings }) => embeddings),
});
