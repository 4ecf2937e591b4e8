// The functions of lm-evaluation-harness 0.4.13 that are written here anew, by their hashes.
//
// A hash is the first 16 digits of the SHA-256 of `ModuleSource.closure`: another version of a function is another hash, and refused.
import type { Document } from "../tasks/document.ts";
import { arabicCulture, arabicMmlu, arabicTranslated } from "./arabic.ts";
import { copaChoices, copaQuestion } from "./copa.ts";
import {
  logiqa2Question,
  logiqaAnswer,
  logiqaQuestion,
  mathqaChoices,
  medmcqaQuestion,
  medqaAnswer,
  medqaQuestion,
} from "./exams.ts";
import { hellaswag } from "./hellaswag.ts";
import { mmluProQuestion, mmluProReasoning, ofSubject } from "./mmlu-pro.ts";
import { afterBlank, filledBlanks, numberOfAnswer } from "./winogrande.ts";

/** `process_docs`: what becomes of a split's documents. */
export interface DocumentsPort {
  readonly kind: "documents";
  readonly run: (documents: readonly Document[]) => readonly Document[];
}

/** `doc_to_text`, `doc_to_target` or `doc_to_choice`: what a document's field is. */
export interface FieldPort {
  readonly kind: "field";
  readonly run: (document: Document) => unknown;
}

const documents = (run: DocumentsPort["run"]): DocumentsPort => ({ kind: "documents", run });
const field = (run: FieldPort["run"]): FieldPort => ({ kind: "field", run });

export const PORTS: ReadonlyMap<string, DocumentsPort | FieldPort> = new Map<
  string,
  DocumentsPort | FieldPort
>([
  // hellaswag/utils.py
  ["5071870f271cb4f6", documents(hellaswag)], // process_docs
  // winogrande/preprocess_winogrande.py
  ["209f98ca866ca43f", field(numberOfAnswer)], // doc_to_text
  ["e7f36e60b06fe5fb", field(afterBlank)], // doc_to_target
  ["c539fb65f429ca01", field(filledBlanks)], // doc_to_choice
  // xwinograd/utils.py
  ["8f224de73dd78d92", field(numberOfAnswer)], // doc_to_text
  ["6e801b7ecf42be60", field(afterBlank)], // doc_to_target
  ["fa75fae91bed94b4", field(filledBlanks)], // doc_to_choice
  // mmlu_pro/utils.py
  ["1893a1c541dc0ef9", field(mmluProQuestion("ABCDEFGHIJ"))], // doc_to_text
  ["cf54cffb90c347a6", field(mmluProQuestion("ABCDEFGHIJ"))], // fewshot_to_text
  ["6fdb81788dc6ac0b", field(mmluProReasoning)], // fewshot_to_target
  ["3f846f9ecc4ddc00", documents(ofSubject("biology"))], // process_biology
  ["847cd7a9729349f6", documents(ofSubject("business"))], // process_business
  ["d11f1f63a1928639", documents(ofSubject("chemistry"))], // process_chemistry
  ["8d15b6bc6f11219b", documents(ofSubject("computer science"))], // process_computer_science
  ["2405c25256c920d4", documents(ofSubject("economics"))], // process_economics
  ["26744ab10917d6b7", documents(ofSubject("engineering"))], // process_engineering
  ["f314f0dc3ad2068d", documents(ofSubject("health"))], // process_health
  ["3bf5af29e6cb1be2", documents(ofSubject("history"))], // process_history
  ["8c8db2a481bf4270", documents(ofSubject("law"))], // process_law
  ["543a3df1422dfb58", documents(ofSubject("math"))], // process_math
  ["6e632de3bc973cb4", documents(ofSubject("other"))], // process_other
  ["e0a3995ace1f842f", documents(ofSubject("philosophy"))], // process_philosophy
  ["3d5c6eb9100daf9d", documents(ofSubject("physics"))], // process_physics
  ["3133c8dbaf893d9a", documents(ofSubject("psychology"))], // process_psychology
  // arabic_leaderboard_avca/utils.py
  ["ea53e8ff4bb7bd45", documents(arabicCulture)], // process_docs
  // arabic_leaderboard_arabic_mmlu/utils.py
  ["8f4810cb96b8bd33", documents(arabicMmlu)], // process_docs
  // arabic_leaderboard_arabic_mt_mmlu/utils.py
  ["3edda2b997f43850", documents(arabicTranslated)], // process_docs
  // logiqa/utils_logiqa.py
  ["7c11daa359395e2a", field(logiqaQuestion)], // doc_to_text
  ["c1cc15fc2402a9ef", field(logiqaAnswer)], // doc_to_target
  // logiqa2/utils_logiqa2.py
  ["682c7f92eafc363a", field(logiqa2Question)], // doc_to_text
  // medmcqa/utils_medmcqa.py
  ["e9a3889cd304bd2b", field(medmcqaQuestion)], // doc_to_text
  // medqa/preprocess_medqa.py
  ["113f54e179e56353", field(medqaQuestion)], // doc_to_text
  ["bba8360d6071ef8e", field(medqaAnswer)], // doc_to_target
  // mathqa/utils.py
  ["8f65fc160c416be3", field(mathqaChoices)], // doc_to_choice
  // xcopa/utils.py
  ["b135e9dc3b94ff01", field(copaChoices)], // doc_to_choice
  ["deb547566213c313", field(copaQuestion("sest", "seetõttu"))], // doc_to_text_et
  ["7f03d501984f437a", field(copaQuestion("poukisa", "donk sa"))], // doc_to_text_ht
  ["1797475a5866714c", field(copaQuestion("perché", "quindi"))], // doc_to_text_it
  ["278f914e5d559c34", field(copaQuestion("karena", "maka"))], // doc_to_text_id
  ["1b4e21ceaaf26698", field(copaQuestion("imataq", "chaymi"))], // doc_to_text_qu
  ["9083c32362df0ace", field(copaQuestion("kwa sababu", "kwa hiyo"))], // doc_to_text_sw
  ["97908ad7f61954fe", field(copaQuestion("因为", "所以"))], // doc_to_text_zh
  ["fc9e67703b4baabd", field(copaQuestion("காரணமாக", "எனவே"))], // doc_to_text_ta
  ["4d0dcb79631bc6be", field(copaQuestion("เพราะ", "ดังนั้น"))], // doc_to_text_th
  ["73ec2555e787cf6b", field(copaQuestion("çünkü", "bu yüzden"))], // doc_to_text_tr
  ["bd1e411c37139bc0", field(copaQuestion("bởi vì", "vì vậy"))], // doc_to_text_vi
  // copal_id/utils.py
  ["278f914e5d559c34", field(copaQuestion("karena", "maka"))], // doc_to_text_id
  // mmlu-pro-plus/utils.py
  ["5f071aad39c2e4f3", field(mmluProQuestion("ABCDEFGHIJKLMNOP"))], // doc_to_text
  ["d5f66cbd5905cbce", field(mmluProQuestion("ABCDEFGHIJKLMNOP"))], // fewshot_to_text
]);
