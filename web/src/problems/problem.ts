// A failure in words: a sentence for the reader, and what the server or engine itself said of it.
import type { Language } from "../language.ts";
import { problemWords } from "./words.ts";

/** A failure in words. */
export interface Told {
  sentence: string;
  /** The message of who failed, in English; left out where the sentence is that message. */
  detail?: string;
}

/**
 * Tells of what was thrown: by its code, else in the sentence that is given. In English the message itself stands where
 * there is neither.
 */
export function tellOf(language: Language, error: unknown, given?: string): Told {
  const {
    code = "",
    name,
    message = String(error),
  } = error as { code?: string; name?: string; message?: string };
  const { sentences, other } = problemWords[language];
  const sentence = sentences[name === "QuotaExceededError" ? "storage_full" : code] ?? given;
  if (sentence === undefined && language === "en") return { sentence: message || other };
  return { sentence: sentence ?? other, detail: message || undefined };
}
