// Cleans one document: language, quality, evaluation texts, personal information.
import { indexEvaluationTexts } from "./contamination.ts";
import { identifyLanguage, type Language } from "./language/identify.ts";
import { findPersonal, maskPersonal } from "./personal/find-personal.ts";
import { judgeQuality } from "./quality/judge.ts";
import { CHINESE, ENGLISH, type QualityProfile } from "./quality/thresholds.ts";

/** What documents must keep to. */
export interface CleanRules {
  /** That are kept; none said: all. */
  readonly languages?: readonly Language[];
  /** By which quality is judged; `language`: that of a document's language where there is one. */
  readonly quality: "language" | "none" | QualityProfile;
  /** Numbers, mail and the like are masked, kept, or their document is dropped. */
  readonly personal: "mask" | "drop" | "keep";
  /** Texts that must not be learned. */
  readonly evaluation: readonly { readonly id: string; readonly text: string }[];
}

/** What became of a document. */
export type Cleaned =
  | { readonly kept: true; readonly text: string; readonly language: Language; readonly masked: number }
  | {
      readonly kept: false;
      readonly rule: "language" | "quality" | "contamination" | "personal";
      readonly reasons: readonly string[];
      readonly language: Language;
      /** The measures that broke a rule. */
      readonly measures?: Readonly<Record<string, number>>;
    };

const PROFILES: ReadonlyMap<Language, QualityProfile> = new Map([
  ["zh-Hans", CHINESE],
  ["zh-Hant", CHINESE],
  ["en", ENGLISH],
]);

/** Makes the function that cleans a text by these rules; the first that is broken drops it. */
export function createCleaner(rules: CleanRules): (text: string) => Cleaned {
  const evaluation = indexEvaluationTexts(rules.evaluation);
  return (text) => {
    const language = identifyLanguage(text);
    if (rules.languages && !rules.languages.includes(language))
      return { kept: false, rule: "language", reasons: [language], language };
    const profile = rules.quality === "language" ? PROFILES.get(language) : rules.quality;
    if (profile && profile !== "none") {
      const { keep, reasons, measures } = judgeQuality(text, profile);
      if (!keep) {
        const broken = Object.fromEntries(reasons.map((name) => [name, measures[name]]));
        return { kept: false, rule: "quality", reasons, language, measures: broken };
      }
    }
    if (evaluation.size > 0) {
      const found = evaluation.foundIn(text);
      if (found.length > 0) return { kept: false, rule: "contamination", reasons: found, language };
    }
    if (rules.personal === "keep") return { kept: true, text, language, masked: 0 };
    const spans = findPersonal(text);
    if (spans.length > 0 && rules.personal === "drop") {
      const kinds = [...new Set(spans.map(({ kind }) => kind))];
      return { kept: false, rule: "personal", reasons: kinds, language };
    }
    return { kept: true, text: maskPersonal(text, spans), language, masked: spans.length };
  };
}
