// baimo/upstream: models at OpenAI-compatible endpoints. Re-exports only.

export type { Capabilities } from "./capabilities.ts";
export type { Endpoint, Limits } from "./endpoint.ts";
export type { Patience } from "./endpoints.ts";
export type { UpstreamEvent } from "./read-answer.ts";
export { openUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";
