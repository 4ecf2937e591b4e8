// The models of a server by its configuration: seen before it starts, loaded when asked for.
import { availableMemory } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import type { LoadOptions } from "../generate/load-options.ts";
import type { ModelPreview } from "../generate/preview.ts";
import { POET } from "../poet.ts";
import type { ModelRecipe, Models } from "../serve/index.ts";
import type { Library } from "../serve/models/library.ts";
import { Problem } from "../serve/problem.ts";
import { commandName } from "./commands/list.ts";
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

/** What looking at one model takes. */
type LookOptions = Omit<ServedOptions, "upstreams" | "onError">;

/**
 * Looks at every model, holds it to the licence profile, and loads those that are pinned, or the only one.
 * @throws {BaimoError} `licence`, `config` for two of one name, `memory` for what never fits, and as `load`
 */
export async function openServedModels(
  wanted: readonly Wanted[],
  { upstreams, config, load, terminal, signal, onError }: ServedOptions,
): Promise<Models> {
  const { openModels } = await import("../serve/index.ts");
  const memoryBytes = config.memory ?? (await availableMemory());
  const recipes = new Map<string, ModelRecipe>();
  const profile = profileOf(config);
  for (const [id, entry] of upstreams) {
    if (profile) holdToProfile({ name: entry.model ?? id, declared: {} }, profile, config.licenceProfile!);
    recipes.set(id, upstreamRecipe(id, entry, { env: process.env, signal }));
  }
  const atOnce: string[] = [];
  for (const model of wanted) {
    const source = await fetchSource(model.source, terminal, signal, hubOf(config));
    const draft = model.draft && (await fetchSource(model.draft, terminal, signal, hubOf(config)));
    const settings = { config, load, terminal, signal };
    const { name, recipe } = await toRecipe({ ...model, source, draft }, settings);
    if (recipes.has(name)) {
      const message = `two models are named "${name}"; give each a name of its own with --name, in their order`;
      throw new BaimoError("config", message);
    }
    recipes.set(name, recipe);
    if (model.pinned || wanted.length === 1) atOnce.push(name);
  }
  const models = openModels(recipes, { memoryBytes, loadSeconds: config.loadSeconds, onError });
  connect(models, upstreams.keys(), (text) => terminal.note(`baimo: ${text}`));
  for (const name of atOnce) await loadNow(models, name, signal);
  return models;
}

/** The models on this machine that a server with these settings can take on, and how more come. */
export function openLibrary(settings: LookOptions): Library {
  const hub = { ...hubSettings(), ...hubOf(settings.config) };
  // Of the options of every model, not those that belong to one.
  const { adapters: _, draft: __, chatTemplate: ___, ...load } = settings.load;
  return {
    async list() {
      const { listCachedModels } = await import("../formats/index.ts");
      const { models } = await listCachedModels(hub.cacheFolder);
      return models
        .filter(({ format }) => format !== "other")
        .map((model) => {
          const source = commandName(model);
          return { source, model: servedName(source), bytes: model.size };
        });
    },
    async download(source, { signal, onProgress }) {
      const { pullModel } = await import("../formats/index.ts");
      await pullModel(source, {
        ...hub,
        signal,
        onProgress: ({ file, doneOfAll: done, totalOfAll: total }) => onProgress({ file, done, total }),
      });
    },
    async recipe(name) {
      const { pullModel } = await import("../formats/index.ts");
      const source = await pullModel(name, { ...hub, offline: true, signal: settings.signal });
      return toRecipe({ source, name: servedName(name) }, { ...settings, load });
    },
  };
}

/** What a model of the Hub is called where it is served. */
const servedName = (source: string) => source.replace(/^hf:|@.*$/g, "");

/** Looks at a model of this machine, and holds it to the licence profile. */
async function toRecipe(
  model: Wanted,
  { config, load, terminal, signal }: LookOptions,
): Promise<{ name: string; recipe: ModelRecipe }> {
  const { previewModel } = await import("../generate/preview.ts");
  const { source } = model;
  const profile = profileOf(config);
  const own = { ...(await ownOptions(model)), draft: model.draft };
  const options: LoadOptions = { ...own, ...given(load), memoryBytes: config.memory };
  const preview = await previewModel(source, { ...options, signal });
  const name = model.name ?? (source === POET ? POET : preview.name);
  if (profile) {
    const all = [{ ...preview, name }, ...(preview.draft ? [preview.draft] : [])];
    for (const { name, declaredLicences: declared } of all)
      holdToProfile({ name, declared }, profile, config.licenceProfile!);
  }
  const recipe: ModelRecipe = {
    preview: lookingAgain(preview, () => previewModel(source, { ...options, signal })),
    open: ({ memoryBytes = options.memoryBytes }) =>
      loadModel(source, { ...options, memoryBytes }, terminal, signal),
    aliases: model.aliases,
    pinned: model.pinned,
    idleSeconds: model.idleSeconds,
    price: model.price,
  };
  return { name, recipe };
}

const profileOf = ({ licenceProfile }: Config) =>
  licenceProfile === undefined ? undefined : loadProfile(licenceProfile);

/** What the configuration says of the Hub, over the environment. */
function hubOf({ offline, hubToken: token }: Config): { offline?: boolean; token?: string } {
  const settings = { ...hubSettings(), offline, token };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
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
