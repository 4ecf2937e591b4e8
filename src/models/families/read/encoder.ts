// What encoders alone have in common, in both dialects: no causality, no head, maybe a classifier.
import type { ClassifierConfig, Knobs, ModelConfig } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";
import type { CheckpointFacts, GgufKeys, TensorNames } from "../family.ts";
import { flag } from "../write/keys.ts";

/** Tokens see the whole text, and no next one is foretold. */
export const encoderKnobs = {
  causal: false,
  languageHead: false,
  tiedEmbeddings: true,
} as const satisfies Knobs;

/** Scores of a classifier, by the rows of its last matrix; 0 where there is none. */
export function classesOf(facts: CheckpointFacts, name: string): number {
  return facts.shape?.(`${name}.weight`)?.[0] ?? 0;
}

/** llama.cpp's names beside those that all models share. */
export const ggufEncoderNames = {
  tokenTypes: "token_types",
  classifierDense: "cls",
  classifierNorm: "cls.norm",
  classifier: "cls.output",
} as const satisfies Partial<TensorNames>;

/** The classifier of a GGUF file, which has a dense layer where "cls" is there. */
export function ggufClassifier(
  r: ConfigReader,
  facts: CheckpointFacts,
  dense: NonNullable<ClassifierConfig["dense"]>,
): ClassifierConfig | undefined {
  const classes = r.number("classifier.output_labels", classesOf(facts, "cls.output"));
  if (classes === 0) return undefined;
  return {
    classes,
    pooling: "cls",
    dense: facts.has("cls.weight")
      ? { ...dense, bias: facts.has("cls.bias"), norm: facts.has("cls.norm.weight") }
      : undefined,
  };
}

/** GGUF's keys of every encoder alone. */
export const writeEncoder = ({ classifier }: ModelConfig): GgufKeys => ({
  "attention.causal": flag(false),
  "classifier.output_labels": classifier && {
    type: "STRING[]",
    value: Array.from({ length: classifier.classes }, (_, i) => `LABEL_${i}`),
  },
});

/** Tensors by whose presence a reader knows a classifier. */
export function classifierMarks({ classifier }: ModelConfig): string[] {
  if (!classifier) return [];
  const { dense } = classifier;
  const inner = dense ? ["cls.weight", ...(dense.bias ? ["cls.bias"] : [])] : [];
  return [...inner, ...(dense?.norm ? ["cls.norm.weight"] : []), "cls.output.weight"];
}
