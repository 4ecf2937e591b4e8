// A task as what judges single answers: the prompt of a document, its first score of an answer.
import { BaimoError } from "../../errors.ts";
import type { Document } from "../tasks/document.ts";
import { type OpenTask, openTask } from "../tasks/open-task.ts";
import { selectTasks } from "../tasks/select-tasks.ts";
import { indexTasks } from "../tasks/task-index.ts";
import { scoreTask } from "./score-task.ts";

/** Asks for answers, and scores them one by one: higher is better. */
export interface AnswerScorer {
  prompt(document: Document): string;
  score(document: Document, answer: string): number;
}

/**
 * Opens a task whose answers are texts; its own data is not read.
 *
 * name  a task, or the path of its YAML file
 * @throws {BaimoError} `request` for what is no such task
 */
export function openAnswerScorer(name: string, includePaths: readonly string[]): AnswerScorer {
  const { tasks } = selectTasks([name], indexTasks(includePaths));
  const [config] = tasks;
  if (tasks.length !== 1 || config?.outputType !== "generate_until")
    throw new BaimoError(
      "request",
      `${name}: should be one task whose answers are generated (output_type: generate_until)`,
    );
  const open = (document: Document): OpenTask =>
    openTask(config, config.processDocs?.([document]) ?? [document]);
  return {
    prompt(document) {
      const { fields, documents } = open(document);
      return String(fields.text(documents[0]));
    },
    score(document, answer) {
      const task = open(document);
      const [prepared] = task.documents.map((one) => ({ id: 0, document: one }));
      const [first] = scoreTask(task, [{ prepared, answers: [[answer]] }], 0).scores;
      return first.higherIsBetter ? first.value : -first.value;
    },
  };
}
