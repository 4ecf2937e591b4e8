// What the page keeps in this browser, checked when it is read back.
import type { Language } from "./words.ts";

/** What the reader has chosen; what is absent is left to the browser or the server. */
export interface Settings {
  language?: Language;
  theme?: "light" | "dark";
  model?: string;
  temperature?: number;
  topP?: number;
  maxTokens?: number;
  seed?: number;
  system?: string;
}

/** One message of a conversation, with what is worth telling about how it came to be. */
export interface Message {
  role: "user" | "assistant";
  text: string;
  /** The model that answered. */
  model?: string;
  /** Why the answer ended, when not by itself. */
  ending?: "stopped" | "length";
  tokens?: number;
  /** Tokens a second. */
  rate?: number;
  seconds?: number;
  /** How many messages before it did not fit the model's context. */
  left?: number;
}

/** A conversation; its title is its first message. */
export interface Conversation {
  id: string;
  messages: Message[];
}

const settingsKey = "baimo.settings";
/** Where the conversations lie; other tabs hear of changes under this name. */
export const conversationsKey = "baimo.conversations";
const maxConversations = 50;
const maxStoredCharacters = 1_000_000;

type Fields = Record<string, unknown>;

function load(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null; // damaged, or storage is closed
  }
}

function save(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or storage is closed: the page works on without it
  }
}

/** Whether this is a number within bounds. */
function within(value: unknown, min: number, max: number): number | undefined {
  return typeof value === "number" && value >= min && value <= max ? value : undefined;
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

/** The stored settings; what is damaged is left out. */
export function loadSettings(): Settings {
  const stored = (load(settingsKey) ?? {}) as Fields;
  return {
    language: stored.language === "zh" || stored.language === "en" ? stored.language : undefined,
    theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : undefined,
    model: text(stored.model),
    temperature: within(stored.temperature, 0, 2),
    topP: within(stored.topP, 0, 1),
    maxTokens: within(stored.maxTokens, 1, 1e9),
    seed: within(stored.seed, 0, Number.MAX_SAFE_INTEGER),
    system: text(stored.system),
  };
}

/** Keeps the settings. */
export function saveSettings(settings: Settings): void {
  save(settingsKey, settings);
}

/** The stored conversations, latest first. */
export function loadConversations(): Conversation[] {
  const stored = load(conversationsKey);
  if (!Array.isArray(stored)) return [];
  return stored.filter(
    (each): each is Conversation =>
      typeof each?.id === "string" &&
      Array.isArray(each.messages) &&
      each.messages.every(
        (message: Fields) =>
          (message?.role === "user" || message?.role === "assistant") && typeof message.text === "string",
      ),
  );
}

/** Keeps the latest conversations, as many as fit. */
export function saveConversations(conversations: readonly Conversation[]): void {
  let kept = conversations.filter(({ messages }) => messages.length > 0).slice(0, maxConversations);
  const size = () =>
    kept.reduce((sum, each) => sum + each.messages.reduce((n, { text }) => n + text.length, 0), 0);
  while (kept.length > 1 && size() > maxStoredCharacters) kept = kept.slice(0, -1);
  while (!save(conversationsKey, kept) && kept.length > 1) kept = kept.slice(0, kept.length >> 1);
}
