// The core of the kernel module, which every model needs: its exports by op; leans on the kernels beside it.
export { checksum } from "./checksum.as";
export { choose_pairs, probe_products, probe_relaxed } from "./product.as";
export { quantize_q8 } from "./quantize-activations.as";
export { matmul_q4_0, normalize_q4_0, pack_q4_0, unpack_row_q4_0 } from "./matmul-q4_0.as";
export {
  matmul_q8_0_signed,
  matmul_q8_0_unsigned,
  matmul_q8_0_wide,
  normalize_q8_0,
  pack_q8_0,
  unpack_row_q8_0,
} from "./matmul-q8_0.as";
export {
  matmul_bf16,
  matmul_f16,
  matmul_f32,
  normalize_f16,
  pack_bf16,
  pack_f16,
  pack_f32,
  unpack_row_bf16,
  unpack_row_f16,
  unpack_row_f32,
} from "./matmul-float.as";
export { norm, norm_heads } from "./norm.as";
export { rope } from "./rope.as";
export { activate } from "./activate.as";
export { add, add_rows, clip, copy_rows, join_heads, scale, scale_add, sigmoid_mul } from "./elementwise.as";
export {
  store_k_f16,
  store_k_f32,
  store_k_q8,
  store_v_f16,
  store_v_f32,
  store_v_q8,
} from "./kv-store.as";
export { attention_f16, attention_f32, attention_q8 } from "./attention.as";
export { convolve, delta_rule } from "./gated-delta.as";
