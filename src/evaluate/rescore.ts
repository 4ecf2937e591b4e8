// Scores a stored run again, without a model.
import { BaimoError } from "../errors.ts";
import { runPrograms } from "./code/run-programs.ts";
import { storedGroups } from "./report/stored-groups.ts";
import type { StoredRun } from "./report/stored-run.ts";
import type { EvaluatedTask, Evaluation } from "./run.ts";
import { scoreGroups } from "./score/score-group.ts";
import { scoreTask } from "./score/score-task.ts";
import { createFieldReader } from "./tasks/fields.ts";
import { type OpenTask, openTask } from "./tasks/open-task.ts";
import type { TaskConfig } from "./tasks/task-config.ts";

/** The scores that a stored run's answers have; programs are run again. */
export async function rescore(run: StoredRun, resamples: number): Promise<Evaluation> {
  if (run.tasks.length === 0) {
    const why = run.left.map(({ task, why }) => `${task}: ${why}`).join("; ");
    throw new BaimoError(
      "request",
      `${run.folder}: holds no answers that can be scored again${why ? `: ${why}` : ""}`,
    );
  }
  const tasks: EvaluatedTask[] = [];
  for (const { name, config, documents, notAgain, failed } of run.tasks) {
    if (notAgain !== undefined)
      throw new BaimoError(
        "request",
        `${name} cannot be scored again from its files: ${notAgain}; a run of baimo eval is scored by asking again with the same --out: its answers stand`,
      );
    const own = documents.map(({ prepared }) => prepared.document);
    // Of a task that nothing was answered of there is no document to open it by.
    const task = own.length > 0 ? openTask(config, own) : unopened(config);
    const verdicts = await runPrograms(task, documents);
    tasks.push({
      prepared: { task, documents: documents.map(({ prepared }) => prepared), source: { files: [] } },
      answered: documents,
      scored: scoreTask(task, documents, resamples, { verdicts, failed: failed.map(({ id }) => id) }),
      failed: new Map(failed.map(({ id, reason }) => [id, reason])),
      cost: { promptTokens: 0, completionTokens: 0 },
    });
  }
  const scored = new Map(tasks.map(({ scored }) => [scored.config.task, scored]));
  return { tasks, groups: scoreGroups(storedGroups(run), scored) };
}

const unopened = (config: TaskConfig): OpenTask => ({
  config,
  documents: [],
  fields: createFieldReader(config, []),
  choicesAsked: false,
  manyTargets: false,
});
