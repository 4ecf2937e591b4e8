// The server's public face, `baimo/serve`: re-exports only, nothing that needs Node.
export { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
