// What `baimo train` is told: the table of its keys, read from YAML or JSON with flags over it.
import { parseDocument } from "yaml";
import { BaimoError } from "../../errors.ts";
import {
  choice,
  flag,
  list,
  number,
  required,
  schemaOf,
  text,
  whole,
  withDefault,
} from "../../option-kinds.ts";
import { type Door, type OptionsOf, readOptions } from "../../options.ts";

const path = text();
const share = number({ min: 0, max: 1 });
const positive = number({ min: 0, above: true });
const natural = whole({ min: 0 });
const count = whole({ min: 1 });

/** Every key, declared. */
export const trainTable = {
  /** What is trained for: next tokens from random weights or from a model's, answers, preferred answers. */
  stage: required(choice("pretrain", "continue", "sft", "dpo")),
  /** A model's folder; of `pretrain` one with config.json and a tokenizer. */
  model: required(path),
  /** JSONL files: {"text"}, {"messages"}, or {"prompt", "chosen", "rejected"}. */
  data: required(list(path, { least: 1, most: 4096 })),
  /** The same, held out. */
  evaluation: withDefault(list(path, { most: 64 }), []),
  out: required(path),
  seed: withDefault(natural, 0),
  steps: required(count),
  /** Tokens of a row; longer texts are cut. */
  sequenceLength: withDefault(whole({ min: 2, max: 1 << 20 }), 256),
  /** Rows, conversations or pairs of a step, and of a pass. */
  batch: withDefault(count, 32),
  microBatch: withDefault(count, 8),
  /** What is computed again for the backward pass instead of being kept: whole blocks, or what leads to their attention. */
  recompute: withDefault(choice("none", "block", "attention"), "none"),
  optimizer: withDefault(choice("adamw", "muon"), "adamw"),
  lr: withDefault(positive, 3e-4),
  /** Of matrices inside blocks, where the optimiser is Muon. */
  muonLr: withDefault(positive, 0.02),
  muonScale: withDefault(choice("original", "match-rms-adamw"), "original"),
  momentum: withDefault(share, 0.95),
  beta1: withDefault(share, 0.9),
  beta2: withDefault(share, 0.95),
  eps: withDefault(positive, 1e-8),
  weightDecay: withDefault(number({ min: 0 }), 0),
  clip: withDefault(number({ min: 0 }), 1),
  schedule: withDefault(choice("constant", "linear", "cosine", "wsd"), "cosine"),
  warmup: withDefault(natural, 0),
  /** Of wsd: the step from which on the rate falls. Default: nine tenths of the steps. */
  decayStart: natural,
  /** What the rate falls to, as a part of its highest. */
  end: withDefault(share, 0),
  adapter: withDefault(choice("none", "lora", "rslora", "dora"), "none"),
  r: withDefault(whole({ min: 1, max: 4096 }), 16),
  alpha: withDefault(positive, 32),
  targets: withDefault(list(text(), { least: 1, most: 64 }), ["q_proj", "k_proj", "v_proj", "o_proj"]),
  /** Of dpo. */
  loss: withDefault(choice("sigmoid", "ipo", "sigmoid_norm", "hinge"), "sigmoid"),
  beta: withDefault(positive, 0.1),
  zLoss: withDefault(number({ min: 0 }), 0),
  balance: withDefault(number({ min: 0 }), 0.01),
  routerZ: withDefault(number({ min: 0 }), 0),
  evaluateEvery: withDefault(natural, 0),
  saveEvery: withDefault(natural, 100),
  /** Checkpoints of every so many steps stay; 0: the newest and the best alone. */
  keepEvery: withDefault(natural, 0),
  /** A step whose gradient norm is so many times the median of those before is not taken; 0: never. */
  spike: withDefault(number({ min: 0 }), 20),
  resume: withDefault(flag, true),
  gguf: withDefault(flag, false),
  threads: whole({ min: 1, max: 256 }),
};

/** A whole configuration. */
export type TrainConfig = OptionsOf<typeof trainTable>;

/** The same for programs. */
export const trainSchema = () => schemaOf(trainTable);

/**
 * Reads a configuration, and flags over it.
 * @throws {BaimoError} `config` for an unknown or wrong key, with its place
 */
export function readTrainConfig(
  source: string,
  where: string,
  flags: Readonly<Record<string, unknown>> = {},
): TrainConfig {
  const door: Door = {
    refuse: ({ name, text }) => new BaimoError("config", `${where}: ${name} ${text}`),
  };
  const document = parseDocument(source, { prettyErrors: false });
  const [problem] = document.errors;
  if (problem) throw new BaimoError("config", `${where}: no YAML or JSON: ${problem.message}`);
  let given: unknown;
  try {
    given = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new BaimoError("config", `${where}: its aliases make too much`, { cause });
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new BaimoError("config", `${where}: should be an object of keys, such as "stage: sft"`);
  const config = readOptions({ ...given, ...flags }, trainTable, door);
  if (config.batch % config.microBatch !== 0) {
    throw new BaimoError(
      "config",
      `${where}: batch ${config.batch} should be a multiple of microBatch ${config.microBatch}`,
    );
  }
  return config;
}
