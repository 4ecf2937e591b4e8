// baimo/serve: the server's public API, without Node. Re-exports only.
export { createHandler, type Handler } from "./handler.ts";
export type { ApiKey, KeyRing, Scope } from "./keys/api-key.ts";
export type { DownloadOptions, Library, Stocked, Unfinished } from "./models/library.ts";
export { type Models, type ModelsOptions, openModels } from "./models/models.ts";
export type { ModelRecipe, OpenOptions } from "./models/recipe.ts";
export type { HandlerOptions } from "./options.ts";
export type { RequestEntry } from "./record.ts";
