// The functions of lm-evaluation-harness 0.4.13 that are written here anew, by their hashes.
//
// A hash is the first 16 digits of the SHA-256 of `ModuleSource.closure`: another version of a function is another hash, and refused.
import { type LabelPair, weightedF1 } from "../score/classification.ts";
import type { Document } from "../tasks/document.ts";
import type { Results } from "./answers.ts";
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
import {
  agievalChoices,
  cooccurrence,
  crowsPairs,
  mc2BeforeFalse,
  mc2ByLabel,
  perplexityOf,
} from "./likelihood-results.ts";
import { mmluProQuestion, mmluProReasoning, ofSubject } from "./mmlu-pro.ts";
import {
  bothSentences,
  mlqaDocuments,
  recordAnswer,
  recordChoices,
  recordDocuments,
  recordQuestion,
  wikitext,
} from "./passages.ts";
import {
  africanText,
  europeanText,
  eusExams,
  mmluSr,
  mmmluSubject,
  ofCategory,
  okapiTruthful,
  tmmluPlus,
  where,
  withChoices,
  wordOfLabel,
} from "./small-boards.ts";
import {
  babilong,
  infinitebench,
  longbenchClasses,
  longbenchCount,
  longbenchQa,
  longbenchRetrieval,
  longbenchRetrievalZh,
  mlqa,
  record,
  ruler,
  squadFirst,
} from "./text-results.ts";
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

/** An aggregation of `metric_list`. */
export interface AggregationPort {
  readonly kind: "aggregation";
  readonly run: (items: readonly unknown[]) => number;
}

/** `process_results`: a document's values by metric. */
export interface ResultsPort {
  readonly kind: "results";
  readonly run: Results;
}

export type Port = DocumentsPort | FieldPort | AggregationPort | ResultsPort;

/** Functions that a file makes by a loop, by their names. */
export interface NamedPorts {
  readonly kind: "named";
  readonly of: (name: string) => Port | undefined;
}

const results = (run: Results): ResultsPort => ({ kind: "results", run });

/** `process_X`: the documents whose column says X. */
const processNamed = (documentsOf: (name: string) => DocumentsPort["run"]): NamedPorts => ({
  kind: "named",
  of(name) {
    const [, value] = /^process_(.+)$/.exec(name) ?? [];
    return value === undefined ? undefined : documents(documentsOf(value));
  },
});

export const PORTS: ReadonlyMap<string, Port | NamedPorts> = new Map<string, Port | NamedPorts>([
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
  // global_mmlu/full/*/utils.py, global_mmlu/default/*/utils.py, openai-mmmlu/default/utils.py
  ["6f5f8bd9ff28dbeb", processNamed((subject) => where("subject", subject))],
  ["7ead65be0015d1eb", processNamed(ofCategory("subject_category"))],
  // include/*/*/utils.py
  ["190b84b6d3d37bd6", processNamed(ofCategory("domain"))],
  ["25c7b69424a1691a", processNamed(mmmluSubject)],
  // truthfulqa, okapi/truthfulqa_multilingual, galician_bench, truthfulqa-multi
  ["5763bb191b3f7f77", results(mc2ByLabel)], // process_results_mc2
  ["4bb0d50d5006c89d", results(mc2BeforeFalse)], // process_results_mc2
  ["9a782b7a2dbe8821", results(mc2BeforeFalse)], // process_results_mc2
  ["ee3dba20ecefb0a5", documents(okapiTruthful)], // process_docs
  // wikitext, c4, french_bench
  ["4caae19f8b901ea1", field(wikitext("page"))], // wikitext_detokenizer
  ["d05812c1cfd21caa", results(perplexityOf("page"))], // process_results
  ["c4c8d1a7da7ccdd4", field(wikitext("text"))], // c4_detokenizer
  ["2bd6d81787923420", results(perplexityOf("text"))], // process_results
  ["ce2c1abfb497d4ff", field(wikitext("paragraph"))], // wikitext_detokenizer
  ["5bfd631f410d310f", results(perplexityOf("paragraph"))], // process_results
  // crows_pairs, simple_cooccurrence_bias, agieval
  ["1b94127f9e0e7769", field(bothSentences)], // doc_to_choice
  ["dfa731d0637534ea", results(crowsPairs)], // process_results
  ["62a498218564e032", results(cooccurrence)], // process_results
  ["52a2ffe774e4fbe3", results(agievalChoices)], // process_results_mcqa
  // xquad, catalan_bench, noreval/norquad
  ["119a867bb88873eb", results(squadFirst)], // process_results_qa
  ["023beb82adeef933", results(squadFirst)], // process_results_qa
  ["733a054ad5b26017", results(squadFirst)], // process_results
  // super_glue/record
  ["d170cfa03a194a26", field(recordQuestion)], // doc_to_text
  ["372d4c688167b18d", field(recordAnswer)], // doc_to_target
  ["dea0e0d98ace4d62", field(recordChoices)], // doc_to_choice
  ["f9cb28a4a4fe58fb", documents(recordDocuments)], // process_docs
  ["a3b535f6c16e0a3f", results(record)], // process_results
  // longbench/metrics.py
  ["29e5e90c91fded28", results(longbenchQa)], // get_qa_f1_with_score
  ["3d7e6e9057212aa2", results(longbenchCount)], // get_count_with_score
  ["cd6a0a79afc0cf36", results(longbenchRetrieval)], // get_retrieval_with_score
  ["96a38fc865c2aab5", results(longbenchRetrievalZh)], // get_retrieval_zh_with_score
  ["ca178811331ec968", results(longbenchClasses)], // get_classification_with_score
  // mlqa/utils.py
  ["9c4705f95818c762", documents(mlqaDocuments)], // process_docs
  ["92c86a6b1ee02568", results(mlqa("en"))], // process_results_en
  ["81d7a5807bba2bde", results(mlqa("es"))], // process_results_es
  ["72c7f6abfa589c17", results(mlqa("hi"))], // process_results_hi
  ["80984849d18c403f", results(mlqa("vi"))], // process_results_vi
  ["0ab477cb7a1dbcb0", results(mlqa("de"))], // process_results_de
  ["4389b8d9a3ace151", results(mlqa("ar"))], // process_results_ar
  ["0676636936ed5c43", results(mlqa("zh"))], // process_results_zh
  // ruler, babilong, infinitebench
  ["cbae9a047b3a59e7", results(ruler)], // process_results
  ["eea3ed7ce6b8ed38", results(babilong)], // process_results
  ["5c271c81ea9910a1", results(infinitebench)], // process_results
  // bigbench, mmlusr, tmmluplus, eus_exams
  ["4a70407eec5f837d", documents(withChoices)], // filter_multiple_choice
  ["bac1c11d30f40c81", documents(mmluSr)], // process_docs
  ["c01265c4071ddf3b", documents(tmmluPlus)], // process_docs
  ["7062053094eb7179", documents(eusExams)], // process_docs
  // afrixnli, afrobench/mafand
  ["5a06d9776049f230", { kind: "aggregation", run: (items) => weightedF1(items as LabelPair[]) }], // weighted_f1_score
  ["06423b8aecdd46dc", field(wordOfLabel(["entailment", "neutral", "contradiction"]))], // doc_to_target
  ["1844af2023274a57", field(wordOfLabel(["True", "Neither", "False"]))], // doc_to_target
  ["e34fbf2ce660ea4a", field(europeanText)], // get_target
  ["ff8ecd29d1c9edf8", field(africanText)], // get_target_reverse
  // mmlu-pro-plus/utils.py
  ["5f071aad39c2e4f3", field(mmluProQuestion("ABCDEFGHIJKLMNOP"))], // doc_to_text
  ["d5f66cbd5905cbce", field(mmluProQuestion("ABCDEFGHIJKLMNOP"))], // fewshot_to_text
]);
