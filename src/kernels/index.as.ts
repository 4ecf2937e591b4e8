// The core of the kernel module, which every model needs: its exports by op, and weights that are floats, which others may
// become; leans on the kernels beside it.
export { checksum } from "./checksum.as";
export { probe_products, probe_relaxed } from "./product.as";
export { quantize_q8 } from "./quantize-activations.as";
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
