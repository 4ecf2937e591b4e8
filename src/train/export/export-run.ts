// A run of pre-training for OLMo-core: weights, tokens in the order of its steps, a script.
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createOrder, openPackedCorpus, sequencesOfStep } from "../../data/index.ts";
import { createHashedFile, type HashedFile, hashFile } from "../../data/packing/hashed-file.ts";
import { BaimoError } from "../../errors.ts";
import { writeSafetensors } from "../../formats/safetensors/safetensors-writer.ts";
import { rateFactor } from "../optimize/schedule.ts";
import type { TrainConfig } from "../run/config.ts";
import { type OpenRun, openRun } from "../run/open-run.ts";
import { copyBeside } from "../run/output.ts";
import { objectiveOf } from "../run/plan.ts";
import { modelOf } from "./exported-model.ts";

/** Tokens of a shard, about: steps are whole. */
const SHARD_TOKENS = 1 << 27;

export interface ExportOptions {
  /** The folder to write; it must be new. */
  readonly output: string;
  /** The script that reads what is written here. */
  readonly script: string;
}

/** What was written. */
export interface ExportSummary {
  readonly steps: number;
  readonly tokens: number;
  /** Rows with more than one document, in which attention must not cross. */
  readonly sharedRows: number;
  readonly files: readonly HashedFile[];
}

/**
 * Writes a run so that OLMo-core takes the same steps: `model` (weights and tokenizer in Hugging Face's layout), `data`
 * (the rows of every step in order, uint16 or uint32, and a byte a token that says whether it is learned), config.json, the
 * script, manifest.json with the hash of each file.
 * @throws {BaimoError} `request` for a run of another kind, `config` for a model that OLMo-core does not have
 */
export async function exportRun(
  config: TrainConfig,
  { output, script }: ExportOptions,
): Promise<ExportSummary> {
  checkRun(config);
  if (existsSync(output) && readdirSync(output).length > 0)
    throw new BaimoError("request", `${output}: the folder should be new or empty`);
  await using run = await openRun(config);
  const model = modelOf(run.description);
  for (const folder of ["model", "data"]) mkdirSync(join(output, folder), { recursive: true });
  await writeModel(run, join(output, "model"));
  const written = await writeSteps(config, run, join(output, "data"));
  const about = {
    model,
    steps: config.steps,
    sequenceLength: config.sequenceLength,
    batch: config.batch,
    microBatch: config.microBatch,
    seed: config.seed,
    optimizer: {
      lr: config.lr,
      beta1: config.beta1,
      beta2: config.beta2,
      eps: config.eps,
      weightDecay: config.weightDecay,
      clip: config.clip,
      zLoss: config.zLoss,
    },
    rates: ratesOf(config),
    data: {
      dtype: written.dtype,
      vocabSize: run.description.config.vocabSize,
      separator: written.separator,
      tokens: written.shards.map(({ tokens }) => `data/${tokens.file}`),
      learned: written.shards.map(({ learned }) => `data/${learned.file}`),
      sharedRows: written.sharedRows,
      sha256: run.data.hash,
    },
  };
  writeFileSync(join(output, "config.json"), `${JSON.stringify(about, undefined, 2)}\n`);
  writeFileSync(join(output, "train.py"), script);
  const files = [
    ...written.shards.flatMap(({ tokens, learned }) => [inFolder("data", tokens), inFolder("data", learned)]),
    ...(await hashesOf(output, "model")),
    ...(await hashesOf(output, "")),
  ];
  const manifest = { format: "baimo-export-1", files };
  writeFileSync(join(output, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const { steps, batch, sequenceLength } = config;
  return { steps, tokens: steps * batch * sequenceLength, sharedRows: written.sharedRows, files };
}

function checkRun({ stage, adapter, optimizer }: TrainConfig): void {
  const found =
    (stage !== "pretrain" && stage !== "continue" && `stage ${stage}`) ||
    (adapter !== "none" && `adapter ${adapter}`) ||
    (optimizer !== "adamw" && `optimizer ${optimizer}`);
  if (found)
    throw new BaimoError(
      "request",
      `a run with ${found} is not exported; what is: stage pretrain or continue, adapter none, optimizer adamw`,
    );
}

/** The learning rate's factor at every step, from the first. */
function ratesOf(config: TrainConfig): number[] {
  const { schedule } = objectiveOf(config).options;
  return Array.from({ length: config.steps }, (_, step) => rateFactor(schedule, step));
}

/** The weights as they are, and what belongs to them. */
async function writeModel({ base, checkpoint }: OpenRun, to: string): Promise<void> {
  const tensors = [...checkpoint.tensors.values()].map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape,
    data: async function* () {
      yield await checkpoint.readTensor(name);
    },
  }));
  await writeSafetensors(join(to, "model.safetensors"), { metadata: { format: "pt" }, tensors });
  copyFileSync(join(base, "config.json"), join(to, "config.json"));
  copyBeside(base, to);
  // OLMo-core takes a folder for a model by this file.
  if (!existsSync(join(to, "generation_config.json")))
    writeFileSync(join(to, "generation_config.json"), "{}\n");
}

/** The rows of every step, one after another; the separator stands where a row has room left. */
async function writeSteps({ steps, batch, seed }: TrainConfig, { data }: OpenRun, folder: string) {
  const corpus = await openPackedCorpus(data.folder);
  const { sequences, sequenceLength, separator, dtype } = corpus.manifest;
  const order = createOrder({ seed, manifestHash: corpus.hash, sequences });
  const stepsOfShard = Math.max(1, Math.floor(SHARD_TOKENS / (batch * sequenceLength)));
  const shards: { tokens: HashedFile; learned: HashedFile }[] = [];
  let sharedRows = 0;
  for (let first = 0; first < steps; first += stepsOfShard) {
    const number = String(shards.length).padStart(5, "0");
    const tokens = await createHashedFile(folder, `tokens-${number}.npy`);
    const learned = await createHashedFile(folder, `learned-${number}.npy`);
    for (let step = first; step < Math.min(steps, first + stepsOfShard); step++) {
      for (const number of sequencesOfStep(order, step, batch)) {
        const row = await corpus.readSequence(number);
        const ids = dtype === "uint16" ? Uint16Array.from(row.tokens) : Uint32Array.from(row.tokens);
        await tokens.write(new Uint8Array(ids.buffer));
        // A label stands where its token does, one behind the place that foretells it.
        await learned.write(Uint8Array.from(row.labels, (_, i) => (i > 0 && row.labels[i - 1] >= 0 ? 1 : 0)));
        if (corpus.piecesOf(number).length > 1) sharedRows++;
      }
    }
    shards.push({ tokens: await tokens.finish(), learned: await learned.finish() });
  }
  await corpus.close();
  return { dtype, separator, shards, sharedRows };
}

const inFolder = (folder: string, { file, bytes, sha256: hash }: HashedFile): HashedFile => ({
  file: `${folder}/${file}`,
  bytes,
  sha256: hash,
});

/** The files of a folder of the export. */
async function hashesOf(output: string, folder: string): Promise<HashedFile[]> {
  const found = readdirSync(join(output, folder), { withFileTypes: true }).filter((entry) => entry.isFile());
  return Promise.all(
    found.map(async ({ name }) => {
      const path = join(output, folder, name);
      return {
        file: folder === "" ? name : `${folder}/${name}`,
        bytes: statSync(path).size,
        sha256: await hashFile(path),
      };
    }),
  );
}
