// A run of training from its configuration to its files: planned, stepped, logged, kept, resumed.
import { availableThreads } from "../../backends/threads.ts";
import { BaimoError } from "../../errors.ts";
import { TrainingSession, withRuntime } from "../session.ts";
import type { TrainConfig } from "./config.ts";
import type { RunEvent } from "./events.ts";
import { openRun, type RunOptions } from "./open-run.ts";
import { objectiveOf, partsThatFit } from "./plan.ts";
import { writeRun } from "./run-file.ts";
import { takeSteps } from "./steps.ts";

/** Runs a training. @throws {BaimoError} `memory` naming the largest micro-batch that fits, and as what it reads */
export async function* runTraining(
  config: TrainConfig,
  options: RunOptions = {},
): AsyncGenerator<RunEvent, void> {
  if (config.stage === "grpo" && !options.judge)
    throw new BaimoError("request", "stage grpo asks for a judge, which says how good an answer is");
  await using run = await openRun(config, options.judge);
  const { checkpoint, description, data } = run;
  const threads = config.threads ?? (await availableThreads());
  const objective = objectiveOf(config);
  const parts = await partsThatFit(config, description, { objective, threads });
  writeRun(config, data.folder);
  const processBytes = process.memoryUsage.rss();
  const session = await TrainingSession.open({ parts, files: checkpoint.files, objective, threads });
  const sizes = session.model.learned.map(({ rows, cols }) => rows * cols);
  try {
    yield {
      type: "planned",
      plan: {
        parameters: session.model.parameters.count,
        learned: sizes.reduce((sum, size) => sum + size, 0),
        // A tensor is copied where it is written.
        memoryBytes: withRuntime(session.bytes + 4 * Math.max(...sizes), threads, processBytes),
        checkpointBytes: sizes.reduce((sum, size) => sum + 12 * size, 0),
        examples: data.count,
        cut: data.cut,
        stepsAnEpoch: data.count / config.batch,
        threads,
      },
    };
    yield* takeSteps(config, session, run, options);
  } finally {
    await session.close();
  }
}
