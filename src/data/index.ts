// baimo/data: corpora read, cleaned, freed of repeats and packed for training. Re-exports only.

export { type CleanCorpusOptions, type CleanCounts, cleanCorpus } from "./clean-corpus.ts";
export type { Cleaned, CleanRules } from "./clean-document.ts";
export { createCleaner } from "./clean-document.ts";
export { CONTAMINATION_LENGTH, type EvaluationTexts, indexEvaluationTexts } from "./contamination.ts";
export type { CorpusOptions } from "./corpus-options.ts";
export { type DedupCorpusOptions, type DedupCounts, dedupCorpus } from "./dedup-corpus.ts";
export type { Columns, CorpusDocument, CorpusRow } from "./documents/document.ts";
export { nameOf } from "./documents/document.ts";
export { corpusFiles, readDocuments, readRows } from "./documents/read-documents.ts";
export { type DuplicateOptions, type Duplicates, findDuplicates } from "./duplicates/find-duplicates.ts";
export { type CorpusSummary, inspectCorpus } from "./inspect-corpus.ts";
export { identifyLanguage, type Language } from "./language/identify.ts";
export { type Manifest, readManifest } from "./packing/manifest.ts";
export { createOrder, type OrderOptions, sequencesOfStep } from "./packing/order.ts";
export { type PackCorpusOptions, packCorpus } from "./packing/pack-corpus.ts";
export { packDocuments, type TokenDocument } from "./packing/pack-documents.ts";
export {
  openPackedCorpus,
  type PackedCorpus,
  type PackedPiece,
  type PackedSequence,
} from "./packing/packed-corpus.ts";
export {
  openSequences,
  type SequenceDocument,
  type Sequences,
  writeExampleList,
} from "./packing/sequences.ts";
export {
  findPersonal,
  maskPersonal,
  type PersonalKind,
  type PersonalSpan,
} from "./personal/find-personal.ts";
export { judgeQuality, type QualityVerdict } from "./quality/judge.ts";
export { CHINESE, ENGLISH, QUALITY_PROFILES, type QualityProfile } from "./quality/thresholds.ts";
