// baimo/data: corpora read, cleaned and freed of repeats. Re-exports only.

export { type CleanCorpusOptions, type CleanCounts, cleanCorpus } from "./clean-corpus.ts";
export type { Cleaned, CleanRules } from "./clean-document.ts";
export { createCleaner } from "./clean-document.ts";
export { CONTAMINATION_LENGTH, type EvaluationTexts, indexEvaluationTexts } from "./contamination.ts";
export type { CorpusOptions } from "./corpus-options.ts";
export { type DedupCorpusOptions, type DedupCounts, dedupCorpus } from "./dedup-corpus.ts";
export type { Columns, CorpusDocument } from "./documents/document.ts";
export { corpusFiles, readDocuments } from "./documents/read-documents.ts";
export { type DuplicateOptions, type Duplicates, findDuplicates } from "./duplicates/find-duplicates.ts";
export { identifyLanguage, type Language } from "./language/identify.ts";
export {
  findPersonal,
  maskPersonal,
  type PersonalKind,
  type PersonalSpan,
} from "./personal/find-personal.ts";
export { judgeQuality, type QualityVerdict } from "./quality/judge.ts";
export { CHINESE, ENGLISH, QUALITY_PROFILES, type QualityProfile } from "./quality/thresholds.ts";
