// The core of the kernel module, which every model needs: ops and float weights.
export { checksum } from "../ops/checksum.as";
export { probe_products, probe_relaxed } from "../products/dot8.as";
export { quantize_q8 } from "../products/quantize-activations.as";
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
} from "../products/matmul-float.as";
export { norm, norm_heads } from "../ops/norm.as";
export { rope } from "../ops/rope.as";
export { activate } from "../ops/activate.as";
export { add, add_rows, clip, copy_rows, scale, scale_add, sigmoid_mul } from "../ops/elementwise.as";
export {
  store_k_f16,
  store_k_f32,
  store_k_q8,
  store_v_f16,
  store_v_f32,
  store_v_q8,
} from "../attention/kv-store.as";
export { attention_f16, attention_f32, attention_q8 } from "../attention/attention.as";
export { convolve, delta_rule } from "../ops/gated-delta.as";
