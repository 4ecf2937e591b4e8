// A task's configuration, in lm-evaluation-harness's keys or in OpenCompass's.
import type { RawConfig } from "./load-yaml.ts";
import { isOpenCompass, readOpenCompassTask } from "./opencompass.ts";
import { readTaskConfig, type TaskConfig } from "./task-config.ts";

/** Reads a task. @throws {BaimoError} as the two readers */
export const readTask = (raw: RawConfig, where: string): TaskConfig =>
  isOpenCompass(raw) ? readOpenCompassTask(raw, where) : readTaskConfig(raw, where);
