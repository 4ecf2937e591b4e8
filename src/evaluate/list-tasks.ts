// Which tasks of a folder run here, and why the others do not.
import { resolve } from "node:path";
import { BaimoError } from "../errors.ts";
import { checkScoring } from "./score/score-task.ts";
import { expandNames, type Group, isGroup, selectTasks } from "./tasks/select-tasks.ts";
import { indexTasks } from "./tasks/task-index.ts";

/** A task, group or tag. */
export interface ListedTask {
  readonly name: string;
  readonly kind: "task" | "group" | "tag";
  readonly outputType?: string;
  /** Why it does not run; left out, it does, as far as can be told without its data. */
  readonly refused?: string;
}

/** Lists what is there, or what of it is asked for. */
export function listTasks(includePaths: readonly string[], names: readonly string[] = []): ListedTask[] {
  const index = indexTasks(includePaths.map((path) => resolve(path)));
  const wanted =
    names.length > 0 ? names.flatMap((name) => expandNames(name, index)) : [...index.keys()].sort();
  return wanted.map((name): ListedTask => {
    const entry = index.get(name);
    // A name that nothing has is refused as a run refuses it.
    if (!entry) selectTasks([name], index);
    const kind = entry === undefined || entry.kind === "broken" ? "task" : entry.kind;
    try {
      const { tasks, groups } = selectTasks([name], index);
      for (const config of tasks) checkScoring(config);
      const [group] = groups as readonly (Group | undefined)[];
      const [task] = tasks;
      return group && isGroup(group) ? { name, kind: "group" } : { name, kind, outputType: task?.outputType };
    } catch (error) {
      if (error instanceof BaimoError) return { name, kind, refused: error.message };
      throw error;
    }
  });
}
