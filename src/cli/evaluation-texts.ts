// The texts of evaluations that a corpus is kept clear of: tasks' documents, a file of one's own.
import { readDocuments } from "../data/index.ts";
import { packagePath } from "./environment.ts";

interface EvaluationText {
  readonly id: string;
  readonly text: string;
}

/** Every text in the evaluated documents of tasks, named by task and document. */
export async function textsOfTasks(
  tasks: readonly string[],
  includePath: readonly string[],
): Promise<EvaluationText[]> {
  const { prepareRun } = await import("../evaluate/index.ts");
  const includePaths = [packagePath("assets", "evaluation"), ...includePath];
  const run = await prepareRun({ tasks, includePaths, numFewshot: 0 });
  return run.tasks.flatMap(({ task, documents }) =>
    documents.flatMap(({ id, document }) =>
      Array.from(textsIn(document), (text) => ({ id: `${task.config.task}/${id}`, text })),
    ),
  );
}

/** The documents of a file. */
export async function textsOfFile(path: string): Promise<EvaluationText[]> {
  const texts: EvaluationText[] = [];
  for await (const document of readDocuments([path])) texts.push(document);
  return texts;
}

function* textsIn(value: unknown): Generator<string, void> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null)
    for (const inner of Object.values(value)) yield* textsIn(inner);
}
