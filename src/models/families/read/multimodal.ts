// The text part of multimodal checkpoints: its record in config.json and its tensors' names.
import type { ModelConfig } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";
import type { ExpertPlace, Place, TensorNames } from "../family.ts";

/** Tensors that text does not meet. */
export const mediaTensors = /vision_tower\.|multi_modal_projector\.|^model\.visual\.|^mtp\./;

/** Reads the configuration from `text_config` where there is one, else from the whole. */
export function textPart(
  reader: ConfigReader,
  defaults: Readonly<Record<string, unknown>>,
  read: (text: ConfigReader) => ModelConfig,
): ModelConfig {
  const text = reader.record("text_config");
  if (!text) return read(reader);
  text.assume({ ...defaults, model_type: reader.text("model_type") });
  const eosTokenIds = reader.ids("eos_token_id");
  const tied = reader.boolean("tie_word_embeddings", text.boolean("tie_word_embeddings", false));
  reader.ignore("architectures", "vision_config", "dtype", "torch_dtype", "transformers_version");
  reader.ignore("initializer_range", "mm_tokens_per_image", "boi_token_index", "eoi_token_index");
  reader.ignore("image_token_index", "image_token_id", "video_token_id", "bos_token_id", "pad_token_id");
  reader.ignore("vision_start_token_id", "vision_end_token_id", "spatial_merge_size", "vision_feature_layer");
  reader.ignore("multimodal_projector_bias", "projector_hidden_act", "use_cache");
  reader.ignore("quantization_config", "compression_config");
  const config = read(text);
  text.finish();
  return {
    ...config,
    tiedEmbeddings: tied,
    eosTokenIds: eosTokenIds.length > 0 ? eosTokenIds : config.eosTokenIds,
  };
}

/** The names with the root that the checkpoint has before its text part, instead of "model.". */
export function withRoot(
  names: Partial<TensorNames>,
  has: (tensor: string) => boolean,
): Partial<TensorNames> {
  const root = ["language_model.model.", "model.language_model."].find((part) =>
    has(`${part}embed_tokens.weight`),
  );
  if (!root) return names;
  const head = root === "language_model.model." ? "language_model." : "";
  const moved = (name: string) =>
    name.startsWith("model.") ? root + name.slice("model.".length) : head + name;
  const place = (found: Place | ExpertPlace): Place | ExpertPlace => {
    if (typeof found === "string") return moved(found);
    if (typeof found === "function")
      return (expert) => ({ ...found(expert), name: moved(found(expert).name) });
    return { ...found, name: moved(found.name) };
  };
  return Object.fromEntries(Object.entries(names).map(([part, found]) => [part, place(found)]));
}
