// Names of activations as config.json has them.
import type { ActivationKind } from "../../../tensor/backend.ts";
import type { ConfigReader } from "../../config/config-reader.ts";

/** Names of transformers' `ACT2FN`: several spell the tanh form of GELU. */
const kinds: Readonly<Record<string, ActivationKind>> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  gelu_accurate: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_python_tanh: "gelu-tanh",
  quick_gelu: "quick-gelu",
  relu: "relu",
  relu2: "relu2",
};

/** The activation of a field. @throws {BaimoError} `config` when it is none of those that are built */
export function readActivation(reader: ConfigReader, key: string, missing: string): ActivationKind {
  return reader.choice(key, kinds, missing);
}
