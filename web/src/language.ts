// The two languages of the page, and which of them a browser asks for.

/** The languages of the page. Every view has its words in both, in a file of its own. */
export type Language = "zh" | "en";

/** The language that the browser asks for. */
export function preferredLanguage(languages: readonly string[]): Language {
  const first = languages.find((language) => /^(zh|en)\b/i.test(language)) ?? "en";
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}
