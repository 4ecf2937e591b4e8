// The kernel module: every export of the WebAssembly module, by op; leans on the kernels beside it.
export { checksum } from "./checksum.as";
export { choose_byte_products, choose_pairs, probe_products, probe_relaxed } from "./product.as";
export { quantize_q8 } from "./quantize-activations.as";
export { quantize_q8k } from "./quantize-q8k.as";
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
  matmul_q2_k,
  matmul_q3_k,
  matmul_q4_k,
  matmul_q5_k,
  matmul_q6_k,
  normalize_q2_k,
  normalize_q3_k,
  normalize_q4_k,
  normalize_q5_k,
  normalize_q6_k,
  pack_q2_k,
  pack_q3_k,
  pack_q4_k,
  pack_q5_k,
  pack_q6_k,
  unpack_row_q2_k,
  unpack_row_q3_k,
  unpack_row_q4_k,
  unpack_row_q5_k,
  unpack_row_q6_k,
} from "./matmul-k.as";
export {
  matmul_iq4 as matmul_iq4_nl,
  matmul_iq4 as matmul_iq4_xs,
  matmul_mxfp4,
  matmul_q4_1,
  matmul_q5_0,
  matmul_q5_1,
} from "./matmul-blocks.as";
export {
  normalize_q4_1,
  normalize_q5_0,
  normalize_q5_1,
  pack_iq4_nl,
  pack_iq4_xs,
  pack_mxfp4,
  pack_q4_1,
  pack_q5_0,
  pack_q5_1,
  unpack_row_iq4 as unpack_row_iq4_nl,
  unpack_row_iq4 as unpack_row_iq4_xs,
  unpack_row_mxfp4,
  unpack_row_q4_1,
  unpack_row_q5_0,
  unpack_row_q5_1,
} from "./pack-blocks.as";
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
