// Fine-tuning in memory: conversations in, an adapter as PEFT's files out; in a page, too.
import { availableThreads, canShareMemory } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import { type CheckpointInput, openCheckpoint } from "../formats/checkpoint.ts";
import { readLanguage } from "../generate/language.ts";
import { describeModel } from "../models/open-model.ts";
import { choice, signal as signalKind, withDefault } from "../option-kinds.ts";
import { call, readOptions, type TableOf } from "../options.ts";
import { sha256 } from "../sha256.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, adapterConfig, writeAdapterWeights } from "./adapter-files.ts";
import { type TaughtMessage, taughtChat } from "./chat-masks.ts";
import { conversations as conversationsOf } from "./run/batches.ts";
import { trainTable } from "./run/config.ts";
import { objectiveOf, partsThatFit } from "./run/plan.ts";
import { TrainingSession } from "./session.ts";

/** What `fineTune` may be told. */
export interface FineTuneOptions {
  readonly steps: number;
  /** Default "lora". */
  readonly adapter?: "lora" | "rslora" | "dora";
  /** Rank of the adapter's matrices. Default 16. */
  readonly r?: number;
  /** What they add is multiplied with alpha / r, of "rslora" alpha / sqrt(r). Default 32. */
  readonly alpha?: number;
  /** Last parts of the names of the modules beside which it grows. Default: those of attention. */
  readonly targets?: string[];
  /** Highest learning rate. Default 0.0003. */
  readonly lr?: number;
  /** Steps in which the rate rises. Default 0. */
  readonly warmup?: number;
  /** How it falls to nothing. Default "cosine". */
  readonly schedule?: "constant" | "linear" | "cosine" | "wsd";
  /** Conversations of a step, at most as many as there are. Default 32. */
  readonly batch?: number;
  /** Most conversations of a pass. Default 8. */
  readonly microBatch?: number;
  /** Tokens of a conversation; longer ones are cut. Default 256. */
  readonly sequenceLength?: number;
  /** Of the first weights and of the order. Default 0. */
  readonly seed?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

const { r, alpha, targets, lr, warmup, schedule, batch, microBatch, sequenceLength, seed, threads, steps } =
  trainTable;

/** The same, declared. */
export const fineTuneTable = {
  adapter: withDefault(choice("lora", "rslora", "dora"), "lora"),
  r,
  alpha,
  targets,
  lr,
  warmup,
  schedule,
  batch,
  microBatch,
  sequenceLength,
  seed,
  threads,
  steps,
  signal: signalKind,
} satisfies TableOf<FineTuneOptions>;

/** A step that was taken. */
export interface FineTuneStep {
  readonly step: number;
  readonly steps: number;
  /** Mean cross-entropy of the answers' tokens, in nats, before the step. */
  readonly loss: number;
  readonly secondsLeft: number;
}

/** PEFT's files, by name, as `loadAdapter` takes them. */
export type AdapterFiles = readonly File[];

/** No step is refused. */
const NO_GUARD = { loss: Number.MAX_VALUE, gradNorm: Number.MAX_VALUE };

/**
 * Trains an adapter beside a model's weights, which stay as they are, on the answers of conversations.
 *
 * source         as `load` takes it
 * conversations  as the model's chat template takes them
 * @returns the adapter
 * @throws {BaimoError} `request` where there is nothing to learn, `device` where a page shares no memory with its workers, `memory`
 * where training does not fit, `aborted`
 */
export async function* fineTune(
  source: CheckpointInput,
  conversations: readonly (readonly TaughtMessage[])[],
  options: FineTuneOptions,
): AsyncGenerator<FineTuneStep, AdapterFiles> {
  const { signal, ...given } = readOptions(options, fineTuneTable, call("fineTune"));
  const nowhere = { stage: "sft", model: "memory", data: ["memory"], out: "memory" };
  const config = readOptions({ ...nowhere, ...given }, trainTable, call("fineTune"));
  if (!canShareMemory())
    throw new BaimoError(
      "device",
      "training shares memory with its threads, which this page may not: it must be cross-origin isolated",
    );
  const checkpoint = await openCheckpoint(source, { signal });
  try {
    const description = await describeModel(checkpoint);
    const { tokenizer, chatTemplate } = await readLanguage(checkpoint, description);
    if (!chatTemplate)
      throw new BaimoError(
        "request",
        `${description.name}: the model has no chat template, by which it would learn answers`,
      );
    const examples = conversations.flatMap((messages, i) => {
      const { tokens, targets } = taughtChat(chatTemplate, tokenizer, messages, config.sequenceLength);
      return targets.some((id) => id >= 0) ? [{ source: String(i), tokens, targets }] : [];
    });
    if (examples.length === 0) throw new BaimoError("request", "there is nothing to learn from");
    const batch = Math.min(config.batch, examples.length);
    const sizes = {
      batch,
      microBatch: largestDivisor(batch, config.microBatch),
      sequenceLength: config.sequenceLength,
    };
    const hash = await sha256(examples.map(({ tokens }) => tokens.join(" ")).join("\n"));
    const steps = conversationsOf(examples, sizes, { seed: config.seed, hash });
    const objective = objectiveOf(config);
    const threads = config.threads ?? (await availableThreads());
    const parts = await partsThatFit({ ...config, ...sizes }, description, { objective, threads });
    const session = await TrainingSession.open({ parts, files: checkpoint.files, objective, threads });
    try {
      const began = performance.now();
      for (let step = 0; step < config.steps; step++) {
        if (signal?.aborted)
          throw new BaimoError("aborted", `fine-tuning stopped after ${step} of ${config.steps} steps`);
        const { batches } = await steps.step(step);
        const { report } = await session.step(batches, NO_GUARD);
        const left = ((performance.now() - began) / 1000 / (step + 1)) * (config.steps - step - 1);
        yield { step: step + 1, steps: config.steps, loss: report.loss, secondsLeft: left };
      }
      const { adapter } = session.model;
      if (!adapter) throw new Error("an adapter was trained, and there is none");
      return await filesOf(adapter, description.name);
    } finally {
      await session.close();
    }
  } finally {
    await checkpoint.close();
  }
}

async function filesOf(adapter: Parameters<typeof writeAdapterWeights>[0], base: string): Promise<File[]> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  await writeAdapterWeights(adapter, (chunk) => void chunks.push(Uint8Array.from(chunk)));
  const config = `${JSON.stringify(adapterConfig(adapter, base), undefined, 2)}\n`;
  return [new File(chunks, ADAPTER_WEIGHTS), new File([config], ADAPTER_CONFIG)];
}

/** The largest divisor of a number that is not above another. */
function largestDivisor(of: number, most: number): number {
  let divisor = Math.min(of, most);
  while (of % divisor !== 0) divisor--;
  return divisor;
}
