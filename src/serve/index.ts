// baimo/serve: the server's public API, without Node. Re-exports only.
export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
