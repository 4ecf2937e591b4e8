// Texts that a model reads for a request: their tokens counted, errors in the client's names.
import type { JsonSchema } from "../../json.ts";
import type { Lease } from "../models/models.ts";
import { renamed } from "../requests/option-names.ts";
import { COUNT, objectOf } from "../schema-parts.ts";
import type { Server } from "../server.ts";

/** OpenAI's usage where nothing is written. */
export const readUsageSchema: JsonSchema = objectOf({ prompt_tokens: COUNT, total_tokens: COUNT });

/**
 * Has a model read texts, and counts their tokens.
 *
 * name  what the client calls the texts
 */
export async function readTexts<T extends { readonly tokens: number }>(
  { request, server }: { readonly request: Request; readonly server: Server },
  lease: Lease,
  name: string,
  run: (signal: AbortSignal) => Promise<readonly T[]>,
): Promise<{ found: readonly T[]; tokens: number }> {
  return server.use(request, lease, async (work) => {
    const found = await run(work.signal).catch((error: unknown) => {
      throw renamed(error, { prompt: name });
    });
    const tokens = found.reduce((sum, each) => sum + each.tokens, 0);
    work.spend({ prompt: tokens });
    return { found, tokens };
  });
}
