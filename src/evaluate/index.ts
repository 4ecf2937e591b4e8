// baimo/evaluate: how good a model is at a task, and how sure that is. Re-exports only.

export type { DataSource } from "./datasets/dataset.ts";
export { licenceWarning } from "./datasets/licence.ts";
export { type Journal, type JournalEntry, type JournalHeader, openJournal } from "./journal/journal.ts";
export type { SharedPlace } from "./journal/shared-batches.ts";
export { type KeptRun, KeptRuns, type KeptRunsOptions, type ShownDocument, type Suite } from "./kept-runs.ts";
export { type ListedTask, listTasks } from "./list-tasks.ts";
export { type PlannedTask, planRun } from "./plan-run.ts";
export { type PreparedRun, type PreparedTask, prepareRun, type RunSettings } from "./prepare-run.ts";
export { type Board, type BoardCell, type BoardRow, makeBoard } from "./report/board.ts";
export {
  type BoardLanguage,
  boardNumber,
  boardPage,
  isShareRow,
  rankText,
  scoreText,
  sortedCells,
} from "./report/board-page.ts";
export { boardSvg } from "./report/board-svg.ts";
export {
  compareRuns,
  type RunComparison,
  type TaskComparison,
} from "./report/compare-runs.ts";
export type { Change } from "./report/document-change.ts";
export { type EveryEvalFiles, everyEvalFiles, intervalOf } from "./report/every-eval-ever.ts";
export { resultsFile, samplesFile } from "./report/lm-eval-files.ts";
export type { PromptDifference } from "./report/prompt-difference.ts";
export { readRun, readRuns } from "./report/read-run.ts";
export { factsOf, type RunFacts } from "./report/run-facts.ts";
export type { SettingDifference } from "./report/setting-differences.ts";
export type { StoredRun, StoredTask } from "./report/stored-run.ts";
export { rescore } from "./rescore.ts";
export {
  type EvaluatedTask,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type RunProgress,
} from "./run.ts";
export {
  type FolderRun,
  type FolderRunOptions,
  openFolderRun,
  prepareFor,
  runInFolder,
} from "./run-in-folder.ts";
export { type AnswerScorer, openAnswerScorer } from "./score/answer-scorer.ts";
export type { PartialScore } from "./score/failed-documents.ts";
export { circularScores, circularScoresOfBoard2 } from "./score/opencompass/circular.ts";
export { codeBlock, gsm8kAnswer, plainWords } from "./score/opencompass/extractions.ts";
export {
  createFirstOption,
  firstCapital,
  lastOption,
  OPENCOMPASS_VERSION,
} from "./score/opencompass/options.ts";
export { leastLoss, promptLoss } from "./score/opencompass/prompt-loss.ts";
export type { ScoredGroup } from "./score/score-group.ts";
export {
  type Answer,
  type AnsweredDocument,
  type ScoredTask,
  scoreTask,
  type TaskScore,
} from "./score/score-task.ts";
export { type Interval, passAtK, wilson } from "./statistics/intervals.ts";
export { benjaminiHochberg, holm } from "./statistics/many-tests.ts";
export { mcNemar, pairedBootstrap, pairTable, wilcoxon } from "./statistics/paired.ts";
export { PythonRandom } from "./statistics/python-random.ts";
export { checkEndpoint, createEndpointSubject, type EndpointSubjectOptions } from "./subjects/endpoint.ts";
export {
  createEndpointClient,
  type EndpointCapabilities,
  type EndpointClient,
  type EndpointOptions,
  probeEndpoint,
} from "./subjects/endpoint-client.ts";
export { createLocalSubject, type LocalSubjectOptions } from "./subjects/local.ts";
export { type Budget, Ledger, Purse } from "./subjects/purse.ts";
export type { Answered, Question, Subject } from "./subjects/subject.ts";
export { indexTasks, type TaskEntry, type TaskIndex } from "./tasks/task-index.ts";
