// Models of a server that answer at endpoints: their keys, and when they are first asked.
import { BaimoError } from "../errors.ts";
import type { ModelRecipe, Models } from "../serve/index.ts";
import type { Endpoint } from "../upstream/index.ts";
import { type ConfiguredUpstream, type NamedAddress, upstreamModelTable } from "./config/upstream-table.ts";

/** It takes nothing of this machine's memory. */
const NO_MEMORY = { weights: 0, experts: 0, cache: 0, buffers: 0, total: 0 };

/** Models at endpoints by id: several addresses with one id serve one model. */
export function upstreamsOf(
  addresses: readonly NamedAddress[],
  keyVariable: string | undefined,
): Map<string, ConfiguredUpstream> {
  const found = new Map<string, ConfiguredUpstream>();
  for (const { id, url } of addresses) {
    const others = found.get(id)?.endpoints ?? [];
    found.set(id, {
      endpoints: [...others, { url, keyVariable }],
      model: undefined,
      keyVariable: undefined,
      aliases: upstreamModelTable.aliases.default,
      price: undefined,
      contextLength: undefined,
      maxActive: upstreamModelTable.maxActive.default,
      limits: undefined,
      patience: undefined,
    });
  }
  return found;
}

/** The endpoints of a model with their keys. @throws {BaimoError} `config` for a key that is not in the environment */
export function endpointsOf(id: string, entry: ConfiguredUpstream, env: NodeJS.ProcessEnv): Endpoint[] {
  return entry.endpoints.map(({ url, keyVariable = entry.keyVariable }) => {
    if (keyVariable === undefined) return { url };
    const key = env[keyVariable];
    if (key) return { url, key };
    const message = `models[${id}]: its key is to be in the environment variable ${keyVariable}, which is not set`;
    throw new BaimoError("config", message);
  });
}

/**
 * How a model at endpoints is opened: once, and then it stays.
 * @throws {BaimoError} `config` as `endpointsOf`
 */
export function upstreamRecipe(
  id: string,
  entry: ConfiguredUpstream,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): ModelRecipe {
  const { model = id, aliases, price, contextLength, maxActive, limits, patience } = entry;
  const endpoints = endpointsOf(id, entry, env);
  return {
    preview: async () => ({ contextLength, memory: NO_MEMORY }),
    async open() {
      const { openUpstream } = await import("../upstream/index.ts");
      return openUpstream({ endpoints, model, contextLength, maxActive, limits, patience, signal });
    },
    aliases,
    price,
    pinned: true,
  };
}

/** Asks endpoints what they can do before a client does; those that do not answer are asked with the first request. */
export function connect(models: Models, ids: Iterable<string>, onFailure: (text: string) => void): void {
  for (const id of ids) {
    models.find(id).then(
      ({ release }) => release(),
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        onFailure(`${id}: ${text}; the next request tries again`);
      },
    );
  }
}
