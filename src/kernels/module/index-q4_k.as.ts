// The part of the kernel module for Q4_K weights: its exports; leans on the kernels beside it.
export { matmul_q4_k, normalize_q4_k, pack_q4_k, unpack_row_q4_k } from "../products/matmul-k.as";
export { quantize_q8k } from "../products/quantize-q8k.as";
