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
  /** What is trained for: next tokens from random weights or from a model's, answers, preferred answers, rewards. */
  stage: required(choice("pretrain", "continue", "sft", "dpo", "grpo")),
  /** A model's folder; one with config.json and a tokenizer where weights begin at random. */
  model: required(path),
  /** Whether weights begin at random, as those of `pretrain` always do: answers may be learned from the first step. */
  initialize: flag,
  /** JSONL files: {"text"}, {"messages"}, {"prompt", "chosen", "rejected"}, or {"prompt"} and what its reward needs. */
  data: required(list(path, { least: 1, most: 4096 })),
  /** The same, held out. */
  evaluation: withDefault(list(path, { most: 64 }), []),
  out: required(path),
  seed: withDefault(natural, 0),
  steps: required(count),
  /** Tokens of a row; longer texts are cut. */
  sequenceLength: withDefault(whole({ min: 2, max: 1 << 20 }), 256),
  /** Rows, conversations, pairs or drawn answers of a step, and of a pass. */
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
  /** Of grpo: a module whose default export is (row, answer) => number, or a task of baimo eval, whose documents the data has. */
  reward: text(),
  /** Answers that are drawn to each prompt and compared with one another. */
  groupSize: withDefault(whole({ min: 2, max: 4096 }), 8),
  /** Most tokens of an answer. Default: half of sequenceLength. */
  answerTokens: count,
  /** Steps that are taken on the same answers. */
  updates: withDefault(count, 1),
  groupLoss: withDefault(choice("grpo", "dr_grpo", "dapo"), "dapo"),
  /** Whether each token's ratio is clipped by itself, or the whole answer's. */
  ratio: withDefault(choice("token", "sequence"), "token"),
  clipLow: withDefault(share, 0.2),
  clipHigh: withDefault(number({ min: 0 }), 0.28),
  /** What a reward's distance from its group's mean is divided by: the group's deviation, that of all, nothing. */
  advantage: withDefault(choice("group", "batch", "none"), "group"),
  /** Coefficient of the divergence from the model at the beginning. */
  kl: withDefault(number({ min: 0 }), 0.04),
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
  if (config.stage !== "grpo") return config;
  if (config.reward === undefined)
    throw new BaimoError("config", `${where}: stage grpo needs reward, a module or a task of baimo eval`);
  if (config.batch % config.groupSize !== 0) {
    throw new BaimoError(
      "config",
      `${where}: batch ${config.batch} should be a multiple of groupSize ${config.groupSize}`,
    );
  }
  if (answerTokensOf(config) >= config.sequenceLength) {
    throw new BaimoError(
      "config",
      `${where}: answerTokens ${config.answerTokens} leaves no room for a prompt in a sequenceLength of ${config.sequenceLength}`,
    );
  }
  return config;
}

/** Whether a run begins from weights that have learned nothing. */
export const beginsAtRandom = ({ stage, initialize }: TrainConfig): boolean =>
  stage === "pretrain" || initialize === true;

/** Of wsd: the step from which on the rate falls. */
export const decayStartOf = ({ decayStart, steps }: TrainConfig): number =>
  decayStart ?? Math.floor(0.9 * steps);

/** Most tokens of an answer that is drawn. */
export const answerTokensOf = ({ answerTokens, sequenceLength }: TrainConfig): number =>
  answerTokens ?? sequenceLength >> 1;
