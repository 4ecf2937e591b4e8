// run.json: what a run was told, and where the data lies that its steps learn from in order.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { numberOf, parseJson, recordOf, stringOf } from "../../json.ts";
import type { TrainConfig } from "./config.ts";

/** What tells which documents a step of a run has. */
export interface RunOrder {
  /** Packed sequences, or a list of examples. */
  readonly folder: string;
  readonly seed: number;
  /** Rows, conversations, pairs or prompts of a step. */
  readonly batch: number;
  /** Steps that have the same ones. */
  readonly updates: number;
}

const FILE = "run.json";

/** Writes it into the run's folder. */
export function writeRun(config: TrainConfig, folder: string): void {
  const about = { ...config, order: folder };
  writeFileSync(join(config.out, FILE), `${JSON.stringify(about, undefined, 2)}\n`);
}

/** The order of a run by its folder; undefined where it is no run's. @throws {BaimoError} `format` */
export function readRunOrder(out: string): RunOrder | undefined {
  const path = join(out, FILE);
  if (!existsSync(path)) return undefined;
  const { order, seed, batch, stage, groupSize, updates } = recordOf(
    parseJson(readFileSync(path), path),
    path,
  );
  const isDrawn = stage === "grpo";
  return {
    folder: resolve(out, stringOf(order, `${path}: order`)),
    seed: numberOf(seed, `${path}: seed`),
    batch: numberOf(batch, `${path}: batch`) / (isDrawn ? numberOf(groupSize, `${path}: groupSize`) : 1),
    updates: isDrawn ? numberOf(updates, `${path}: updates`) : 1,
  };
}
