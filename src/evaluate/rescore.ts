// Scores a stored run again, without a model.
import { BaimoError } from "../errors.ts";
import { runPrograms } from "./code/run-programs.ts";
import type { StoredRun } from "./report/read-run.ts";
import type { EvaluatedTask, Evaluation } from "./run.ts";
import { scoreTask } from "./score/score-task.ts";
import { openTask } from "./tasks/open-task.ts";

/** The scores that a stored run's answers have; programs are run again. */
export async function rescore(run: StoredRun, resamples: number): Promise<Evaluation> {
  const tasks: EvaluatedTask[] = [];
  for (const { name, config, documents, isByFunction } of run.tasks) {
    if (isByFunction)
      throw new BaimoError(
        "request",
        `${name} is scored by a function (process_results); run baimo eval again with the same --out: the answers stand`,
      );
    const task = openTask(
      config,
      documents.map(({ prepared }) => prepared.document),
    );
    const verdicts = await runPrograms(task, documents);
    tasks.push({
      prepared: { task, documents: documents.map(({ prepared }) => prepared), source: { files: [] } },
      answered: documents,
      scored: scoreTask(task, documents, resamples, verdicts),
      failed: new Map(),
      cost: { promptTokens: 0, completionTokens: 0 },
    });
  }
  return { tasks, groups: [] };
}
