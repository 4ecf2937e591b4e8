// A scenario: one plan with its model and every option, as data; and its answer.
import type { Catalogue } from "../../catalogue/catalogue.ts";
import type { Question } from "../../licences/may.ts";
import { shapeFromCatalogue } from "../model/from-catalogue.ts";
import { type ModelShape, type ShapeOptions, shapeOfNumbers } from "../model/shape.ts";
import { planReturn, type ReturnAnswer, type ReturnOptions } from "../money/plan-return.ts";
import { planServing, type ServingAnswer } from "../serving/plan-serving.ts";
import type { ServingOptions } from "../serving/serving-options.ts";
import { planTraining, type TrainingAnswer, type TrainingOptions } from "../training/plan-training.ts";

/** A name of the catalogue, or plain numbers. */
export type ModelChoice = string | Partial<ShapeOptions>;

/** A question that is counted. */
export type CountedScenario =
  | { readonly plan: "train"; readonly model: ModelChoice; readonly options: TrainingOptions }
  | { readonly plan: "serve"; readonly model: ModelChoice; readonly options: ServingOptions }
  | { readonly plan: "roi"; readonly options: ReturnOptions };

/** Any question: counted, or one about licences. */
export type Scenario = CountedScenario | { readonly plan: "may"; readonly question: Question };

export const PLANS = ["roi", "serve", "train", "may"] as const satisfies readonly Scenario["plan"][];

/** What a counted scenario answers, by its plan. */
export type ScenarioAnswer =
  | { readonly plan: "train"; readonly answer: TrainingAnswer }
  | { readonly plan: "serve"; readonly answer: ServingAnswer }
  | { readonly plan: "roi"; readonly answer: ReturnAnswer };

/**
 * Answers a scenario.
 *
 * today  by which prices are old or not; the scenario's own, where it has one
 * @throws {BaimoError} `request` for a model that the catalogue does not have, and for wrong options
 */
export function answerScenario(
  scenario: CountedScenario,
  catalogue: Catalogue,
  today?: string,
): ScenarioAnswer {
  const { plan } = scenario;
  if (plan === "roi") return { plan, answer: planReturn({ today, ...scenario.options }) };
  const shape = shapeOf(scenario.model, catalogue);
  if (plan === "serve") return { plan, answer: planServing(shape, { today, ...scenario.options }) };
  return { plan, answer: planTraining(shape, { today, ...scenario.options }) };
}

const shapeOf = (model: ModelChoice, catalogue: Catalogue): ModelShape =>
  typeof model === "string" ? shapeFromCatalogue(catalogue, model) : shapeOfNumbers(model);
