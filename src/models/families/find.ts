// Finds the family that reads a checkpoint, and fills in what its record leaves to Llama.
import type { ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { CheckpointFacts, CompleteForm, Family, GgufForm, HuggingFaceForm } from "./family.ts";
import { families } from "./index.ts";
import { readGgufLine, readHuggingFaceLine } from "./read/llama-line.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { mediaTensors, textPart, withRoot } from "./read/multimodal.ts";

/** Whose fields and names a checkpoint uses. */
export type Dialect = "huggingface" | "gguf";

const typesOf = (family: Family, dialect: Dialect): readonly string[] =>
  (dialect === "gguf" ? family.gguf?.architectures : family.huggingface?.types) ?? [];

/** The family of a `model_type` or a `general.architecture`. */
export function findFamily(dialect: Dialect, type: unknown): Family | undefined {
  return families.find((family) => typesOf(family, dialect).includes(String(type)));
}

/** Every type that some family reads. */
export function knownTypes(dialect: Dialect): string[] {
  return families.flatMap((family) => typesOf(family, dialect));
}

/** The family's form in a dialect, with nothing left out. Undefined where it has none there. */
export function completeForm(family: Family, dialect: Dialect): CompleteForm | undefined {
  const { huggingface, gguf } = family;
  if (dialect === "gguf") return gguf && completeGguf(gguf);
  return huggingface && completeHuggingFace(huggingface);
}

function completeHuggingFace(form: HuggingFaceForm): CompleteForm {
  const { interleavedRope = false, spellings = {}, defaults = {} } = form;
  const names = form.names ?? ((_, facts) => ({ decoder: isBare(facts) ? bareNames : huggingFaceNames }));
  const readAll = form.read ?? ((reader, facts) => readLine(reader, facts, form));
  return {
    interleavedRope,
    readsAllBiases: false,
    readConfig(reader, facts) {
      reader.spell(spellings);
      reader.assume(defaults);
      if (!form.textPart) return readAll(reader, facts);
      return textPart(reader, defaults, (text) => readAll(text, facts));
    },
    names(config, facts) {
      const found = names(config, facts);
      if (!form.textPart) return found;
      return { decoder: withRoot(found.decoder, facts.has), ignore: mediaTensors };
    },
  };
}

/** Whether a checkpoint holds the model without the head around it, as embedding models do. */
const isBare = ({ has }: CheckpointFacts) => has("embed_tokens.weight");
const bareNames = Object.fromEntries(
  Object.entries(huggingFaceNames).map(([part, name]) => [part, name.replace(/^model\./, "")]),
);

function readLine(reader: ConfigReader, facts: CheckpointFacts, form: HuggingFaceForm): ModelConfig {
  const config = readHuggingFaceLine(reader, facts, form.knobs ?? (() => ({})));
  const isHeadless = !form.names && isBare(facts) && !config.tiedEmbeddings;
  return isHeadless ? { ...config, languageHead: facts.has("lm_head.weight") } : config;
}

function completeGguf(form: GgufForm): CompleteForm {
  const { interleavedRope = false, knobs = () => ({}) } = form;
  return {
    interleavedRope,
    readsAllBiases: true,
    readConfig: form.read ?? ((reader, facts) => readGgufLine(reader, facts, knobs)),
    names: form.names ?? ((config, facts) => ({ decoder: ggufNames(config, facts) })),
  };
}
