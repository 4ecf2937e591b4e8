// What all views share: language, theme, settings, models, the talk, notices.
import { createContext } from "svelte";
import { createToasts } from "./components/toasts.svelte.ts";
import { preferredLanguage } from "./language.ts";
import { createRouter } from "./router.svelte.ts";
import type { Choice, Conversations } from "./store/conversations.ts";
import { loadSettings, saveSettings } from "./store/settings.ts";
import { AnswerError, type Handle, listModels, type ModelInfo } from "./talk/client.ts";
import { createTalk } from "./talk/talk.svelte.ts";

export type App = ReturnType<typeof createApp>;

/** The application, for the components inside it. */
export const [getApp, setApp] = createContext<App>();

/** Makes the application over what answers requests and what keeps conversations. */
export function createApp(handle: Handle, store: Conversations) {
  const settings = $state(loadSettings());
  const router = createRouter();
  const toasts = createToasts();
  let models = $state.raw<ModelInfo[]>([]);
  let problem = $state.raw<{ code: string; message: string }>();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let systemDark = $state(dark.matches);
  dark.addEventListener("change", () => (systemDark = dark.matches));

  /** How the next answer is made. */
  const choice = (): Choice => ({
    model: settings.model ?? "",
    sampling: $state.snapshot(settings.sampling),
    system: settings.system,
  });
  const talk = createTalk(handle, store, choice);

  return {
    settings,
    router,
    toasts,
    talk,
    handle,
    choice,
    get language() {
      return settings.language ?? preferredLanguage(navigator.languages);
    },
    get dark() {
      return settings.theme ? settings.theme === "dark" : systemDark;
    },
    get models() {
      return models;
    },
    get model() {
      return models.find(({ id }) => id === settings.model);
    },
    /** Why there is no model to talk to. */
    get problem() {
      return problem;
    },
    async findModels() {
      problem = undefined;
      try {
        models = await listModels(handle);
        if (!models.some(({ id }) => id === settings.model)) settings.model = models[0]?.id;
        if (models.length === 0) problem = { code: "no_models", message: "" };
      } catch (error) {
        problem = error instanceof AnswerError ? error : { code: "page", message: String(error) };
      }
    },
    saveSettings: () => saveSettings($state.snapshot(settings)),
  };
}
