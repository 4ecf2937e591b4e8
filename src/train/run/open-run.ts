// What a run reads, opened: the model that it begins from, its language, its data.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { type Checkpoint, openCheckpoint } from "../../formats/checkpoint.ts";
import { endTokensOf, type Language, readLanguage } from "../../generate/language.ts";
import { describeModel, type ModelDescription } from "../../models/open-model.ts";
import { writeInitialModel } from "../initialize.ts";
import { Checkpoints } from "./checkpoints.ts";
import { beginsAtRandom, type TrainConfig } from "./config.ts";
import { openRunData, type RunData } from "./data.ts";
import type { Judge } from "./judge.ts";
import { copyBeside } from "./output.ts";

/** What a run is given beside its configuration. */
export interface RunOptions {
  /** Of grpo: what says how good an answer is. */
  readonly judge?: Judge;
  readonly signal?: AbortSignal;
}

/** A model and what it learns from, opened. */
export interface OpenRun extends AsyncDisposable {
  readonly out: string;
  readonly base: string;
  readonly checkpoint: Checkpoint;
  readonly description: ModelDescription;
  readonly language: Language;
  /** Which end an answer. */
  readonly endTokens: readonly number[];
  readonly data: RunData;
}

/** Opens what a run reads; its `data` is written. */
export async function openRun(config: TrainConfig, judge?: Judge): Promise<OpenRun> {
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
    const data = await openRunData(config, reader, goesOn, judge);
    const close = async () => {
      await data.close();
      await checkpoint.close();
    };
    const endTokens = endTokensOf(language.tokenizer, description.config);
    const dispose = { [Symbol.asyncDispose]: close };
    return { out, base, checkpoint, description, language, endTokens, data, ...dispose };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** The folder whose weights are trained: one that is made beside the output where they begin at random. */
async function baseOf(config: TrainConfig, out: string): Promise<string> {
  const { model, seed } = config;
  if (!beginsAtRandom(config)) return resolve(model);
  const folder = join(out, "initial");
  if (existsSync(join(folder, "model.safetensors"))) return folder;
  mkdirSync(folder, { recursive: true });
  const where = join(model, "config.json");
  if (!existsSync(where))
    throw new BaimoError(
      "config",
      `${where} is missing; weights that begin at random need a config.json with a tokenizer beside it`,
    );
  const shape = readFileSync(where);
  writeFileSync(join(folder, "config.json"), shape);
  copyBeside(model, folder);
  await writeInitialModel(shape, join(folder, "model.safetensors"), { seed });
  return folder;
}
