// Shares that were counted: right answers of an evaluation run, dispatch runs that ended well.
import { existsSync, statSync } from "node:fs";
import { BaimoError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { EstimateFields } from "../plan/quantity/estimate.ts";
import { readAmount, shareFields } from "./amount.ts";
import { readJsonFile } from "./text-file.ts";

/** An amount as it is written, or the path of what a share is counted from. */
export const readShare = (text: string): EstimateFields | string =>
  existsSync(text) ? text : readAmount(text);

/**
 * The share that is right, or wrong, with Wilson's interval: of the documents of an evaluation run (a folder), or of the ended runs
 * of a list that `baimo dispatch --runs --json` printed (a file).
 * @throws {BaimoError} `request` for scores that are no shares of right answers, `format` for a file of something else
 */
export async function countShare(
  given: EstimateFields | string | undefined,
  of: "right" | "wrong",
): Promise<EstimateFields | undefined> {
  if (typeof given !== "string") return given;
  const answers = statSync(given).isDirectory() ? await documentsOf(given) : await runsOf(given);
  if (answers.length === 0)
    throw new BaimoError("request", `${given}: nothing is counted there; a share needs at least one`);
  const hits = answers.filter((isRight) => isRight === (of === "right")).length;
  return shareFields(hits, answers.length, `${given}: ${of}`);
}

/** Whether each document of an evaluation run was answered rightly, by the first metric of its task. */
async function documentsOf(folder: string): Promise<boolean[]> {
  const { readRun } = await import("../evaluate/report/read-run.ts");
  const { plainNumbers } = await import("../python-json.ts");
  return readRun(folder).tasks.flatMap(({ name, samples }) =>
    samples
      .filter(({ filter }) => filter === samples[0].filter)
      .map((sample) => {
        const [metric] = Array.isArray(sample.metrics) ? sample.metrics : [];
        const score = plainNumbers(sample[String(metric)]);
        if (score === 0 || score === 1) return score === 1;
        throw new BaimoError(
          "request",
          `${folder}: ${name} is scored by ${String(metric)}, which is no share of right answers; give --acceptance hits/trials`,
        );
      }),
  );
}

/** Whether each run that has ended was done; one that runs or waits is left out. */
async function runsOf(file: string): Promise<boolean[]> {
  const runs = await readJsonFile(file);
  if (!Array.isArray(runs) || !runs.every((run) => isRecord(run) && typeof run.state === "string"))
    throw new BaimoError("format", `${file}: expected what baimo dispatch --runs --json prints`);
  const states = runs.map(({ state }: { state: string }) => state);
  return states.filter((state) => state === "done" || state === "failed").map((state) => state === "done");
}
