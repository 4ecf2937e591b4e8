// What all views share: the session, settings, models, assistants, the talk, notices.
import { createContext } from "svelte";
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { OpenSession } from "./account/session.svelte.ts";
import { createToasts } from "./components/toasts.svelte.ts";
import { preferredLanguage } from "./language.ts";
import { createRouter } from "./router.svelte.ts";
import { ask } from "./store/ask.ts";
import type { AssistantSummary, Assistants } from "./store/assistants.ts";
import type { Conversation } from "./store/conversation.ts";
import type { Choice, Conversations } from "./store/conversations.ts";
import { listServerModels } from "./store/server-models.ts";
import { loadSettings, saveSettings } from "./store/settings.ts";
import type { Tab } from "./tab/tab.ts";
import { AnswerError, listModels, type ModelInfo } from "./talk/client.ts";
import { createTalk } from "./talk/talk.svelte.ts";
import { createTheme } from "./theme.svelte.ts";

export type App = ReturnType<typeof createApp>;

/** The application, for the components inside it. */
export const [getApp, setApp] = createContext<App>();

/** What the application stands on. */
export interface Foundation {
  session: OpenSession;
  /** What answers in the place of a server. */
  tab?: Tab;
  store: Conversations;
  assistants: Assistants;
}

/** Makes the application over what answers requests and what keeps conversations. */
export function createApp({ session, tab, store, assistants: kept }: Foundation) {
  const { handle } = session;
  const settings = $state(loadSettings());
  const router = createRouter();
  const toasts = createToasts();
  // What a tab answers with is known before its engine is there: one can ask at once.
  if (tab) settings.model ??= "poet";
  let models = $state.raw<ModelInfo[]>(tab ? [{ id: settings.model!, state: "loading" }] : []);
  let assistants = $state.raw<AssistantSummary[]>([]);
  let problem = $state.raw<{ code: string; message: string }>();
  /** Downloads that were begun in this page, by their ids, until they have been followed to their end. */
  const brought = new SvelteSet<string>();
  const theme = createTheme(() => settings.theme);
  /** Models that were chosen for a conversation with an assistant, by its id. */
  const chosen = new SvelteMap<string, string>();

  const language = () => settings.language ?? preferredLanguage(navigator.languages);
  const assistantOf = ({ assistant }: Conversation) => assistants.find(({ id }) => id === assistant);

  /** The model that answers in a conversation: an assistant's own, the first of its others that is here, or the reader's. */
  function modelFor(conversation: Conversation): string | undefined {
    const assistant = assistantOf(conversation);
    if (!assistant) return settings.model;
    const isHere = (wanted: string) => models.some(({ id }) => id === wanted);
    return (
      chosen.get(conversation.id) ?? [assistant.model, ...assistant.fallbacks].find(isHere) ?? settings.model
    );
  }

  /** How the next answer of a conversation is made. */
  function choiceFor(conversation: Conversation): Choice {
    const model = modelFor(conversation) ?? "";
    const assistant = assistantOf(conversation);
    const tools = store.answers && settings.tools.length > 0 ? $state.snapshot(settings.tools) : undefined;
    if (!assistant)
      return { model, tools, sampling: $state.snapshot(settings.sampling), system: settings.system };
    // A server knows the assistant itself.
    if (store.answers) return { model, tools, sampling: {}, system: "", assistant: assistant.id };
    return { model, sampling: assistant.options, system: assistant.system, files: assistant.files };
  }
  const talk = createTalk(handle, store, choiceFor, () => settings.folders);

  return {
    session,
    tab,
    settings,
    router,
    toasts,
    talk,
    handle,
    choice: () => choiceFor(talk.current),
    get language() {
      return language();
    },
    get dark() {
      return theme.dark;
    },
    get models() {
      return models;
    },
    /** The model that answers next. */
    get model() {
      const wanted = modelFor(talk.current);
      return models.find(({ id }) => id === wanted);
    },
    /** Has another model answer from here on. */
    useModel(id: string) {
      if (assistantOf(talk.current)) chosen.set(talk.current.id, id);
      else settings.model = id;
    },
    /** Whether a server keeps what is said here. */
    isKept: store.answers !== undefined,
    get isAdmin() {
      return session.user?.role === "admin";
    },
    /** Whether the reader loads, unloads and brings models: an administrator, or whoever sits at this tab. */
    get managesModels() {
      return tab !== undefined || session.user?.role === "admin";
    },
    brought,
    /** Has a model come here: from the Hub to a server, from an address or a file that was picked to a tab. */
    async bring(source: string | File) {
      if (tab) void navigator.storage?.persist(); // what the browser says to that, the view of models tells
      const named = typeof source === "string" ? source : tab?.offer(source);
      const begun = ask<{ download: { id: string } }>(handle, "POST", "downloads", { source: named });
      brought.add((await begun).download.id);
    },
    get assistants() {
      return assistants;
    },
    /** The assistant of the open conversation. */
    get assistant() {
      return assistantOf(talk.current);
    },
    kept,
    async findAssistants() {
      assistants = await kept.list();
    },
    /** Why there is no model to talk to. */
    get problem() {
      return problem;
    },
    async findModels() {
      problem = undefined;
      try {
        models = await (session.user || tab ? listServerModels(handle) : listModels(handle));
        if (!models.some(({ id }) => id === settings.model)) settings.model = models[0]?.id;
        if (models.length === 0) problem = { code: "no_models", message: "" };
      } catch (error) {
        problem = error instanceof AnswerError ? error : { code: "page", message: String(error) };
      }
    },
    /** Shows what went wrong. */
    tell(error: unknown) {
      toasts.fail(error);
    },
    saveSettings: () => saveSettings($state.snapshot(settings)),
  };
}
