// A run of training from its configuration to its files: planned, stepped, logged, kept, resumed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { availableThreads } from "../../backends/threads.ts";
import { BaimoError } from "../../errors.ts";
import { type Checkpoint, openCheckpoint } from "../../formats/checkpoint.ts";
import { type Language, readLanguage } from "../../generate/language.ts";
import { describeModel, type ModelDescription } from "../../models/open-model.ts";
import { writeInitialModel } from "../initialize.ts";
import { TrainingSession, withRuntime } from "../session.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { TrainConfig } from "./config.ts";
import { openRunData, type RunData } from "./data.ts";
import type { RunEvent } from "./events.ts";
import { copyBeside } from "./output.ts";
import { objectiveOf, partsThatFit } from "./plan.ts";
import { writeRun } from "./run-file.ts";
import { takeSteps } from "./steps.ts";

/** Runs a training. @throws {BaimoError} `memory` naming the largest micro-batch that fits, and as what it reads */
export async function* runTraining(
  config: TrainConfig,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  await using run = await openRun(config);
  const { out, checkpoint, description, data } = run;
  const threads = config.threads ?? (await availableThreads());
  const objective = objectiveOf(config);
  const parts = await partsThatFit(config, description, { objective, threads });
  writeRun(config, data.folder);
  const session = await TrainingSession.open({ parts, files: checkpoint.files, objective, threads });
  try {
    yield {
      type: "planned",
      plan: {
        parameters: session.model.parameters.count,
        learned: session.model.learned.reduce((sum, { rows, cols }) => sum + rows * cols, 0),
        memoryBytes: withRuntime(session.bytes, threads),
        checkpointBytes: session.model.learned.reduce((sum, { rows, cols }) => sum + 12 * rows * cols, 0),
        examples: data.count,
        cut: data.cut,
        stepsAnEpoch: data.count / config.batch,
        threads,
      },
    };
    yield* takeSteps(config, session, data, { out, base: run.base, checkpoint, signal });
  } finally {
    await session.close();
  }
}

/** A model and what it learns from, opened. */
export interface OpenRun extends AsyncDisposable {
  readonly out: string;
  readonly base: string;
  readonly checkpoint: Checkpoint;
  readonly description: ModelDescription;
  readonly language: Language;
  readonly data: RunData;
}

/** Opens what a run reads; its `data` is written. */
export async function openRun(config: TrainConfig): Promise<OpenRun> {
  const out = resolve(config.out);
  mkdirSync(out, { recursive: true });
  const base = await baseOf(config, out);
  const checkpoint = await openCheckpoint(base);
  try {
    if (config.adapter === "none" && checkpoint.format !== "safetensors")
      throw new BaimoError(
        "config",
        `${base}: weights are trained in safetensors, not ${checkpoint.format}; beside this model an adapter can be`,
      );
    const description = await describeModel(checkpoint);
    const language = await readLanguage(checkpoint, description);
    const goesOn = config.resume && new Checkpoints(out).newest() !== undefined;
    const reader = { path: base, config: description.config, language };
    const data = await openRunData(config, reader, goesOn);
    const close = async () => {
      await data.close();
      await checkpoint.close();
    };
    return { out, base, checkpoint, description, language, data, [Symbol.asyncDispose]: close };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** The folder whose weights are trained: of `pretrain` one that is made beside the output. */
async function baseOf({ stage, model, seed }: TrainConfig, out: string): Promise<string> {
  if (stage !== "pretrain") return resolve(model);
  const folder = join(out, "initial");
  if (existsSync(join(folder, "model.safetensors"))) return folder;
  mkdirSync(folder, { recursive: true });
  const where = join(model, "config.json");
  if (!existsSync(where))
    throw new BaimoError(
      "config",
      `${where} is missing; pretrain begins from a config.json with a tokenizer beside it`,
    );
  const config = readFileSync(where);
  writeFileSync(join(folder, "config.json"), config);
  copyBeside(model, folder);
  await writeInitialModel(config, join(folder, "model.safetensors"), { seed });
  return folder;
}
