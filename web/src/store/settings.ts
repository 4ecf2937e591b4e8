// What the reader has chosen, kept in this browser and checked when it is read back.
import type { Language } from "../language.ts";
import { readSampling, type Sampling } from "./sampling.ts";

/** Sampling and a system prompt under a name. */
export interface Preset {
  id: string;
  name: string;
  sampling: Sampling;
  system: string;
}

/** The reader's choices; what is absent is left to the browser or the server. */
export interface Settings {
  language?: Language;
  theme?: "light" | "dark";
  model?: string;
  sampling: Sampling;
  system: string;
  presets: Preset[];
  /** Ids of servers whose tools models may ask for. */
  tools: string[];
  /** Whether the list of conversations stands beside the text, where there is room. */
  sidebar: boolean;
  /** Whether verse has its pinyin, for readers of English. */
  pinyin: boolean;
  /** Ids of the folders that stand open. */
  folders: string[];
}

const key = "baimo.settings";
const MOST_PRESETS = 100;

type Fields = Record<string, unknown>;
const text = (value: unknown) => (typeof value === "string" ? value : undefined);
const idsOf = (value: unknown) => (Array.isArray(value) ? value.filter((id) => text(id)) : []) as string[];
const fieldsOf = (value: unknown) => (typeof value === "object" && value !== null ? value : {}) as Fields;

/** The stored settings; what is damaged is left out. */
export function loadSettings(): Settings {
  const stored = fieldsOf(load());
  return {
    language: stored.language === "zh" || stored.language === "en" ? stored.language : undefined,
    theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : undefined,
    model: text(stored.model),
    // Earlier pages kept the sampling beside the rest.
    sampling: readSampling(fieldsOf(stored.sampling ?? stored)),
    system: text(stored.system) ?? "",
    tools: idsOf(stored.tools).slice(0, 16),
    pinyin: stored.pinyin === true,
    folders: idsOf(stored.folders),
    presets: readPresets(stored.presets),
    sidebar: stored.sidebar !== false,
  };
}

/** Keeps the settings; where storage is full or closed, the page works on without. */
export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(key, JSON.stringify(settings));
  } catch {
    // They hold as long as the page does.
  }
}

function load(): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null; // damaged, or storage is closed
  }
}

function readPresets(stored: unknown): Preset[] {
  if (!Array.isArray(stored)) return [];
  return stored
    .slice(0, MOST_PRESETS)
    .map(fieldsOf)
    .filter(({ id, name }) => text(id) && text(name))
    .map(({ id, name, sampling, system }) => ({
      id: String(id),
      name: String(name),
      sampling: readSampling(fieldsOf(sampling)),
      system: text(system) ?? "",
    }));
}
