// Refuses what a page of another site would have a browser send.
import { Problem } from "./problem.ts";

/**
 * Browsers say where a request comes from. Reading is the browser's to forbid (CORS); what changes something, or costs an answer, is
 * refused here, even where the browser would not ask first.
 * @throws {Problem} 403 for a page whose origin is not allowed
 */
export function refuseCrossSite({ method, url, headers }: Request, allowed: readonly string[]): void {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return;
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  // A proxy changes the host, but not what the browser says of it.
  const isOwn =
    site === null ? origin === null || isHost(origin, url) : site === "same-origin" || site === "none";
  if (isOwn || allowed.includes("*") || (origin !== null && allowed.includes(origin))) return;
  const from = origin === null ? "another site" : `"${origin.slice(0, 200)}"`;
  const message = `this request comes from a page of ${from}, which this server does not answer; --allow-origin lets it in`;
  throw new Problem(403, message, { code: "origin_not_allowed" });
}

const isHost = (origin: string, url: string): boolean =>
  URL.canParse(origin) && new URL(origin).host === new URL(url).host;
