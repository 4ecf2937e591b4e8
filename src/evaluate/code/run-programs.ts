// Runs the programs of a task's answers, each once.
import { throwIfAborted } from "../../errors.ts";
import { createPipelines } from "../score/filters.ts";
import type { AnsweredDocument } from "../score/score-task.ts";
import type { OpenTask } from "../tasks/open-task.ts";
import { keyOf, NO_VERDICTS, programOf, type Verdicts } from "./program.ts";
import { type Program, Sandbox, type Verdict } from "./sandbox.ts";

/** Runs every program of a task once. Of tasks without programs there are no verdicts. */
export async function runPrograms(
  task: OpenTask,
  answered: readonly AnsweredDocument[],
  signal?: AbortSignal,
): Promise<Verdicts> {
  const { code } = task.config;
  if (code === null) return NO_VERDICTS;
  const programs = new Map<string, Program>();
  for (const { apply } of createPipelines(task.config)) {
    for (const { prepared, answers } of answered) {
      for (const answer of [apply(answers[0], prepared.document)].flat()) {
        const program = programOf(task, code, prepared.document, answer);
        programs.set(keyOf(program), program);
      }
    }
  }
  const sandbox = new Sandbox();
  try {
    const verdicts = new Map<string, Verdict>();
    for (const [key, program] of programs) {
      throwIfAborted(signal, "the evaluation");
      verdicts.set(key, await sandbox.run(program));
    }
    return verdicts;
  } finally {
    await sandbox.close();
  }
}
