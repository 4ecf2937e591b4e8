// What judges the answers of a GRPO run: a module, or a task of `baimo eval`.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BaimoError } from "../errors.ts";
import type { Judge } from "../train/run/judge.ts";
import { packagePath } from "./environment.ts";

/**
 * Opens a judge.
 *
 * reward  the path of a module whose default export is (row, answer) => number, or a task
 * @throws {BaimoError} `request` for a module without such a function, and as `openAnswerScorer`
 */
export async function openJudge(reward: string): Promise<Judge> {
  if (/\.[cm]?[jt]s$/.test(reward)) {
    const { default: judge } = await import(pathToFileURL(resolve(reward)).href).catch((cause: unknown) => {
      throw new BaimoError("request", `${reward}: the module cannot be loaded: ${String(cause)}`, { cause });
    });
    if (typeof judge !== "function")
      throw new BaimoError("request", `${reward}: its default export should be (row, answer) => number`);
    return { reward: judge };
  }
  const { openAnswerScorer } = await import("../evaluate/index.ts");
  const scorer = openAnswerScorer(reward, [packagePath("assets", "evaluation")]);
  return { prompt: (row) => scorer.prompt(row), reward: (row, answer) => scorer.score(row, answer) };
}
