// Checkpoints of a run: what learns with its moments, and where the run stands; whole or not there.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { openCheckpoint } from "../../formats/checkpoint.ts";
import { writeSafetensors } from "../../formats/safetensors/safetensors-writer.ts";
import { parseJson, recordOf } from "../../json.ts";
import { sha256 } from "../../sha256.ts";
import type { TrainingSession } from "../session.ts";
import type { PairScore } from "../tasks/pairs.ts";
import type { DrawnGroups } from "./judge.ts";

/** Where a run stands, beside its weights and moments. */
export interface RunState {
  /** Steps that have been taken. */
  readonly steps: number;
  /** Batches that have been read: more than steps where some were skipped. */
  readonly cursor: number;
  readonly skips: number;
  /** The least loss on held-out data, and at which step. */
  readonly best?: { readonly loss: number; readonly step: number };
  /** Norms of the last steps. */
  readonly norms: readonly number[];
  /** Of DPO: what the reference gives every pair. */
  readonly reference?: readonly PairScore[];
  /** Of GRPO: answers that the next steps learn from, too. */
  readonly drawn?: DrawnGroups;
  /** Bytes of log.jsonl. */
  readonly logBytes: number;
  /** Of what the run depends on. */
  readonly identity: string;
}

const STATE = "state.json";
const TENSORS = "state.safetensors";

/** A hash of what a run depends on: whoever resumes must have the same. */
export async function identityOf(parts: readonly unknown[]): Promise<string> {
  return (await sha256(JSON.stringify(parts))).slice(0, 16);
}

/** The checkpoints of one run. */
export class Checkpoints {
  readonly #folder: string;

  constructor(out: string) {
    this.#folder = join(out, "checkpoints");
  }

  /** The newest that is whole, or undefined. */
  newest(): { readonly path: string; readonly state: RunState } | undefined {
    if (!existsSync(this.#folder)) return undefined;
    const steps = readdirSync(this.#folder)
      .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
    if (steps.length === 0) return undefined;
    const path = join(this.#folder, `step-${steps[0]}`);
    const where = join(path, STATE);
    return { path, state: readState(readFileSync(where, "utf8"), where) };
  }

  /**
   * Writes one: into a folder of another name, which takes its own when all of it is on the disk. Others than the newest,
   * the best and those of every `keepEvery` steps go.
   */
  async write(
    session: TrainingSession,
    state: RunState,
    { keepEvery }: { keepEvery: number },
  ): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const target = join(this.#folder, `step-${state.steps}`);
    const made = join(this.#folder, `.writing-${state.steps}`);
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made);
    const tensors = session.model.learned.flatMap(({ name, rows, cols, address, moments }) =>
      [address, ...moments].map((at, i) => ({
        name: `${name}${["", ".m", ".v"][i]}`,
        dtype: "F32" as const,
        shape: [rows, cols],
        data: function* () {
          yield bytesOf(session.floats(at, rows * cols));
        },
      })),
    );
    await writeSafetensors(join(made, TENSORS), { tensors });
    writeFileSync(join(made, STATE), `${JSON.stringify(state)}\n`);
    for (const name of [TENSORS, STATE]) sync(join(made, name));
    rmSync(target, { recursive: true, force: true });
    renameSync(made, target);
    sync(this.#folder);
    this.#forget(state, keepEvery);
  }

  /** Reads weights and moments back into memory. @throws {BaimoError} `format` where they are others */
  async restore(path: string, session: TrainingSession, { steps }: RunState): Promise<void> {
    await using file = await openCheckpoint(join(path, TENSORS));
    for (const { name, rows, cols, address, moments } of session.model.learned) {
      for (const [i, at] of [address, ...moments].entries()) {
        const full = `${name}${["", ".m", ".v"][i]}`;
        const tensor = file.tensors.get(full);
        if (tensor?.shape.join() !== `${rows},${cols}`) {
          throw new BaimoError(
            "format",
            `${path}: "${full}" should have shape [${rows}, ${cols}], found ${tensor ? `[${tensor.shape.join(", ")}]` : "nothing"}; ` +
              "the checkpoint is of another run",
          );
        }
        bytesOf(session.floats(at, rows * cols)).set(await file.readTensor(full));
      }
    }
    await session.restored(steps);
  }

  #forget({ steps, best }: RunState, keepEvery: number): void {
    for (const name of readdirSync(this.#folder)) {
      const step = Number(/^step-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(step) || step === steps || step === best?.step) continue;
      if (keepEvery > 0 && step % keepEvery === 0) continue;
      rmSync(join(this.#folder, name), { recursive: true, force: true });
    }
  }
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Waits until a file or a folder is on the disk; Windows has no such thing for folders. */
function sync(path: string): void {
  if (process.platform === "win32") return;
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** @throws {BaimoError} `format` */
function readState(text: string, where: string): RunState {
  const record = recordOf(parseJson(text, where), where);
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  for (const name of ["steps", "cursor", "skips", "logBytes"]) {
    if (!isCount(record[name]))
      throw new BaimoError("format", `${where}: "${name}" should be a count; the checkpoint is damaged`);
  }
  if (typeof record.identity !== "string" || !Array.isArray(record.norms))
    throw new BaimoError("format", `${where}: should have "identity" and "norms"; the checkpoint is damaged`);
  return record as unknown as RunState; // as written by `write`; what is counted with was looked at
}
