// baimo/serve: the server's public API, without Node. Re-exports only.
export { createHandler, type Handler } from "./handler.ts";
export type { HandlerOptions } from "./options.ts";
