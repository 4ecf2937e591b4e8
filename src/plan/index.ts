// baimo/plan: what a model costs and earns, with formulas and sources. Re-exports only.
export type { Answer } from "./answer.ts";
export { answerWords } from "./answer-words.ts";
export { documentOf } from "./document.ts";
export { chineseError } from "./errors-zh.ts";
export { type Language, nameIn, noteWriter, unitIn, writersOf } from "./figures.ts";
export { accelerator, accelerators, findAccelerator } from "./hardware/accelerators.ts";
export { catalogueModels, shapeFromCatalogue } from "./model/from-catalogue.ts";
export { shapeOfCheckpoint } from "./model/from-checkpoint.ts";
export { type ModelShape, type ShapeOptions, shapeOfNumbers, withNumbers } from "./model/shape.ts";
export { planReturn, type ReturnAnswer, type ReturnOptions, type WorkOptions } from "./money/plan-return.ts";
export type { HostingVerdict, Verdict } from "./money/verdict.ts";
export { chineseName } from "./names-zh.ts";
export { chineseNote, chineseReason, chineseWarning } from "./notes-zh.ts";
export type { EstimateOption } from "./quantity/estimate.ts";
export { everyQuantity, findBare, flatten, inputsOf, restsOnRumour } from "./quantity/explain.ts";
export type { Computed, Input, Quantity, Source } from "./quantity/quantity.ts";
export { countedShare } from "./quantity/share.ts";
export { type Distribution, type Influence, simulate } from "./quantity/simulate.ts";
export { sweep } from "./quantity/sweep.ts";
export type { Currency, Per, Unit } from "./quantity/units.ts";
export { bootstrapLaw, type Fit, fitLaw, type Run } from "./scaling/fit.ts";
export { fitIsoflop, type Isoflop, type IsoflopGroup } from "./scaling/isoflop.ts";
export type { Law } from "./scaling/laws.ts";
export { planScaling, type ScalingOptions } from "./scaling/plan-scaling.ts";
export { fitPowerLaw, type PowerLaw } from "./scaling/power-law.ts";
export { type Judgement, judgeRun, type RunLog } from "./scaling/stop.ts";
export { readLink, writeLink } from "./scenario/link.ts";
export {
  answerScenario,
  type CountedScenario,
  type ModelChoice,
  PLANS,
  type Scenario,
  type ScenarioAnswer,
} from "./scenario/scenario.ts";
export { type Measurement, readMeasurement } from "./serving/measured.ts";
export { planServing, type ServingAnswer } from "./serving/plan-serving.ts";
export type { ServingOptions } from "./serving/serving-options.ts";
export { readMetrics, readUsageLog, type Usage } from "./serving/usage.ts";
export type { CheckedPlan, Plans } from "./training/enumerate.ts";
export { planTraining, type TrainingAnswer, type TrainingOptions } from "./training/plan-training.ts";
export { countRun, type PublishedRun, publishedRuns, shapeOfRun } from "./training/published-runs.ts";
