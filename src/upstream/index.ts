// baimo/upstream: models at OpenAI-compatible endpoints. Re-exports only.

export type { Endpoint, Limits } from "./endpoint.ts";
export type { Patience } from "./endpoints.ts";
export { openUpstream, type UpstreamOptions } from "./open-upstream.ts";
export type { Upstream } from "./upstream.ts";
