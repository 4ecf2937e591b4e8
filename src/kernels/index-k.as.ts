// The part of the kernel module for K-quants: its exports; leans on the kernels beside it.
export { quantize_q8k } from "./quantize-q8k.as";
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
