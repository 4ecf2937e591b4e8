// Fields of config.json that have no bearing on a model's mathematics.
import type { ConfigReader } from "../../config/config-reader.ts";

/** About the file and the programs that read it. */
const file =
  "architectures auto_map _name_or_path transformers_version torch_dtype dtype tokenizer_class processor_class " +
  "attn_implementation _attn_implementation _attn_implementation_autoset _from_model_config _commit_hash " +
  "sentence_transformers sbert_ce_default_activation_function use_flash_attention use_flash_attn _flash_attn_2_enabled use_cache cache_implementation pretraining_tp use_bfloat16 " +
  "output_attentions output_hidden_states output_router_logits return_dict return_dict_in_generate output_scores " +
  "torchscript tf_legacy_loss chunk_size_feed_forward transformers.js_config unsloth_version unsloth_fixed";

/** Positions in images and films, which are the same along all axes in a text. */
const media = "use_mrope";

/** Of training, and of heads for other tasks. */
const training =
  "initializer_range router_aux_loss_coef gradient_checkpointing attention_dropout hidden_dropout hidden_dropout_prob " +
  "attention_probs_dropout_prob resid_pdrop embd_pdrop attn_pdrop residual_dropout embedding_dropout classifier_dropout " +
  "id2label label2id num_labels finetuning_task problem_type task_specific_params";

/** Ids that the tokenizer knows, and settings of generation that older files keep here. */
const generation =
  "pad_token_id unk_token_id sep_token_id cls_token_id mask_token_id model_max_length prefix max_length min_length " +
  "max_new_tokens do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature top_k top_p typical_p " +
  "repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids " +
  "num_return_sequences forced_bos_token_id forced_eos_token_id remove_invalid_values suppress_tokens " +
  "exponential_decay_length_penalty begin_suppress_tokens decoder_start_token_id is_decoder";

/** Passes over them; what has a bearing but is not built must not be set. */
export function ignoreHarmless(reader: ConfigReader): void {
  for (const names of [file, media, training, generation]) reader.ignore(...names.split(" "));
  reader.only("add_cross_attention", false);
  reader.only("cross_attention_hidden_size");
  reader.only("tie_encoder_decoder", false);
  reader.record("pruned_heads")?.finish();
  // Read before any other field, by models/quantization.
  reader.ignore("quantization_config", "compression_config");
}
