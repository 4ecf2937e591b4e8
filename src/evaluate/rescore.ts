// Scores a stored run again, without a model.
import { BaimoError } from "../errors.ts";
import { runPrograms } from "./code/run-programs.ts";
import type { StoredRun } from "./report/stored-run.ts";
import type { EvaluatedTask, Evaluation } from "./run.ts";
import { scoreTask } from "./score/score-task.ts";
import { openTask } from "./tasks/open-task.ts";

/** The scores that a stored run's answers have; programs are run again. */
export async function rescore(run: StoredRun, resamples: number): Promise<Evaluation> {
  const tasks: EvaluatedTask[] = [];
  for (const { name, config, documents, notAgain, failed } of run.tasks) {
    if (notAgain !== undefined)
      throw new BaimoError(
        "request",
        `${name} cannot be scored again from its files: ${notAgain}; a run of baimo eval is scored by asking again with the same --out: its answers stand`,
      );
    const task = openTask(
      config,
      documents.map(({ prepared }) => prepared.document),
    );
    const verdicts = await runPrograms(task, documents);
    tasks.push({
      prepared: { task, documents: documents.map(({ prepared }) => prepared), source: { files: [] } },
      answered: documents,
      scored: scoreTask(task, documents, resamples, { verdicts, failed: failed.length }),
      failed: new Map(failed.map(({ id, reason }) => [id, reason])),
      cost: { promptTokens: 0, completionTokens: 0 },
    });
  }
  return { tasks, groups: [] };
}
