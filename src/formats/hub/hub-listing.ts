// What the Hugging Face Hub has of a repository: the commit of a revision, files, checksums.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import type { HubRepository } from "./hub-cache.ts";
import type { PullOptions } from "./pull-options.ts";

/** A file to have, and what it must hash to. */
export interface WantedFile {
  readonly path: string;
  readonly size: number;
  /** sha256 of its content where it is kept in LFS or Xet, else sha1 as Git hashes blobs. */
  readonly oid: string;
}

/** A commit and its files. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly WantedFile[];
}

/** The list of a repository's files comes within so long, or the Hub counts as out of reach. */
const LISTING_MS = 60_000;

/** A listing has no more pages: a thousand files each. */
const MOST_PAGES = 1000;

/** fetch that sends the token to the Hub's own origin alone, wherever a listing says that it goes on. */
function fetchAtHome(endpoint: string, signal: AbortSignal): typeof fetch {
  const { origin } = new URL(endpoint);
  let pages = 0;
  return async (input, init) => {
    if (++pages > MOST_PAGES)
      throw new BaimoError("format", `${endpoint}: the list of files has no end within ${MOST_PAGES} pages`);
    const headers = new Headers(init?.headers);
    if (new URL(input instanceof Request ? input.url : input).origin !== origin)
      headers.delete("authorization");
    return fetch(input, { ...init, headers, signal });
  };
}

/** The Hub could not be asked at all. */
export class Unreachable extends BaimoError {}

/** Where the Hub is asked. */
export const endpointOf = ({ endpoint = "https://huggingface.co" }: PullOptions) =>
  endpoint.replace(/\/+$/, "");

/**
 * Asks the Hub for the commit that a revision means, and every file in it.
 * @throws {BaimoError} `request` when there is no such repository or it may not be had; `Unreachable`
 */
export async function listRepository(
  { kind, repo, revision }: HubRepository,
  options: PullOptions,
): Promise<Listing> {
  const { signal, token } = options;
  const hub = await import("@huggingface/hub");
  const limit = AbortSignal.timeout(LISTING_MS);
  const bounded = signal ? AbortSignal.any([signal, limit]) : limit;
  const access = {
    hubUrl: endpointOf(options),
    ...(token && { accessToken: token }),
    fetch: fetchAtHome(endpointOf(options), bounded),
  };
  try {
    const { sha } = await (kind === "model"
      ? hub.modelInfo({ name: repo, revision, additionalFields: ["sha"], ...access })
      : hub.datasetInfo({ name: repo, revision, additionalFields: ["sha"], ...access }));
    if (!/^[0-9a-f]{40}$/.test(sha))
      throw new BaimoError("format", `${repo}: the Hub gave "${sha}" for a commit`);
    const files: WantedFile[] = [];
    for await (const entry of hub.listFiles({
      repo: { type: kind, name: repo },
      revision: sha,
      recursive: true,
      ...access,
    })) {
      if (entry.type !== "file") continue;
      const oid = entry.lfs?.oid ?? entry.oid ?? "";
      const sane =
        /^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(oid) &&
        Number.isSafeInteger(entry.size) &&
        entry.path.split("/").every((part) => /^[^\\:\0]+$/.test(part) && part !== "." && part !== "..");
      // A name that would lead out of the folder, or a file without a checksum, is never fetched.
      if (sane) files.push({ path: entry.path, size: entry.size, oid });
    }
    return { commit: sha, files };
  } catch (cause) {
    throwIfAborted(signal, `asking for ${repo}`);
    if (cause instanceof BaimoError) throw cause;
    if (cause instanceof SyntaxError || cause instanceof hub.InvalidApiResponseFormatError) {
      throw new BaimoError("format", `${repo}: ${endpointOf(options)} does not answer as the Hub does`, {
        cause,
      });
    }
    if (cause instanceof hub.HubApiError && cause.statusCode < 500) {
      const { statusCode } = cause;
      const reason =
        statusCode === 404
          ? `there is no such ${kind}, or no revision "${revision}"`
          : statusCode === 401 || statusCode === 403
            ? `the Hub refuses: the ${kind} does not exist, is private, or its terms must be accepted first; is a token set?`
            : `the Hub answered ${statusCode}`;
      throw new BaimoError("request", `${repo}: ${reason}`, { cause });
    }
    if (cause instanceof Error && cause.message.includes("access token")) {
      throw new BaimoError("request", `the token does not begin with hf_, as the Hub's tokens do`, { cause });
    }
    throw new Unreachable(
      "request",
      `${repo}: ${endpointOf(options)} could not be reached; is the network up?`,
      { cause },
    );
  }
}
