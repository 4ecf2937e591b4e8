// The models of a server by its configuration: seen before it starts, loaded when asked for.
import { availableMemory } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import type { LoadOptions } from "../generate/load-options.ts";
import type { ModelPreview } from "../generate/preview.ts";
import { POET } from "../poet.ts";
import type { ModelRecipe, Models } from "../serve/index.ts";
import { Problem } from "../serve/problem.ts";
import type { Config, ConfiguredModel } from "./config/table.ts";
import type { ConfiguredUpstream } from "./config/upstream-table.ts";
import { hubSettings } from "./environment.ts";
import { holdToProfile, loadProfile } from "./licence-profile.ts";
import { fetchSource, loadModel } from "./open-model.ts";
import { connect, upstreamRecipe } from "./served-upstreams.ts";
import type { Terminal } from "./terminal.ts";
import { readText } from "./text-file.ts";

/** A model that was asked for; without a name it has its own. */
export interface Wanted extends Partial<ConfiguredModel> {
  readonly source: string;
  readonly name?: string;
}

/** What the models of one server share. */
export interface ServedOptions {
  /** Models at endpoints, by id. */
  readonly upstreams: ReadonlyMap<string, ConfiguredUpstream>;
  readonly config: Config;
  /** Options of every model, over its own. */
  readonly load: LoadOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/**
 * Looks at every model, holds it to the licence profile, and loads those that are pinned, or the only one.
 * @throws {BaimoError} `licence`, `config` for two of one name, `memory` for what never fits, and as `load`
 */
export async function openServedModels(
  wanted: readonly Wanted[],
  { upstreams, config, load, terminal, signal, onError }: ServedOptions,
): Promise<Models> {
  const { openModels } = await import("../serve/index.ts");
  const { previewModel } = await import("../generate/preview.ts");
  const profile = config.licenceProfile === undefined ? undefined : loadProfile(config.licenceProfile);
  const memoryBytes = config.memory ?? (await availableMemory());
  const recipes = new Map<string, ModelRecipe>();
  for (const [id, entry] of upstreams) {
    if (profile) holdToProfile({ name: entry.model ?? id, declared: {} }, profile, config.licenceProfile!);
    recipes.set(id, upstreamRecipe(id, entry, { env: process.env, signal }));
  }
  const atOnce: string[] = [];
  for (const model of wanted) {
    const settings = { ...hubSettings(), offline: config.offline, token: config.hubToken };
    const hub = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    const source = await fetchSource(model.source, terminal, signal, hub);
    const options: LoadOptions = { ...(await ownOptions(model)), ...given(load), memoryBytes: config.memory };
    const preview = await previewModel(source, { ...options, signal });
    const name = model.name ?? (model.source === POET ? POET : preview.name);
    if (profile) {
      holdToProfile({ name, declared: preview.declaredLicences }, profile, config.licenceProfile!);
    }
    if (recipes.has(name)) {
      const message = `two models are named "${name}"; give each a name of its own with --name, in their order`;
      throw new BaimoError("config", message);
    }
    recipes.set(name, {
      preview: lookingAgain(preview, () => previewModel(source, { ...options, signal })),
      open: ({ memoryBytes: bytes = options.memoryBytes }) =>
        loadModel(source, { ...options, memoryBytes: bytes }, terminal, signal),
      aliases: model.aliases,
      pinned: model.pinned,
      idleSeconds: model.idleSeconds,
    });
    if (model.pinned || wanted.length === 1) atOnce.push(name);
  }
  const models = openModels(recipes, { memoryBytes, loadSeconds: config.loadSeconds, onError });
  connect(models, upstreams.keys(), (text) => terminal.note(`baimo: ${text}`));
  for (const name of atOnce) await loadNow(models, name, signal);
  return models;
}

/** Loads a model before anybody asks for it; what goes wrong is told as it is. */
async function loadNow(models: Models, name: string, signal: AbortSignal): Promise<void> {
  try {
    (await models.find(name, { signal })).release();
  } catch (error) {
    const cause = error instanceof Problem ? error.cause : undefined;
    await models.dispose();
    if (cause instanceof BaimoError) throw cause;
    if (error instanceof Problem) throw new BaimoError("memory", error.message, { cause: error });
    throw error;
  }
}

/** What was seen before the server started, the first time. */
function lookingAgain(first: ModelPreview, again: () => Promise<ModelPreview>): () => Promise<ModelPreview> {
  let seen: ModelPreview | undefined = first;
  return async () => {
    const preview = seen ?? (await again());
    seen = undefined;
    return preview;
  };
}

/** A model's own options of loading. */
async function ownOptions(model: Wanted): Promise<LoadOptions> {
  const { adapters, device, threads, contextLength, cacheType, parallel, cacheTokens } = model;
  const { ignoreConfigKeys } = model;
  const chatTemplate = model.chatTemplate === undefined ? undefined : await readText(model.chatTemplate);
  const engine = { device, threads, contextLength, cacheType, parallel, cacheTokens };
  return { ...engine, adapters, chatTemplate, ignoreConfigKeys };
}

/** The options that are given. */
const given = (options: LoadOptions): LoadOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
