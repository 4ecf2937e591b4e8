// The kernel module's part for Q4_K weights: its exports.
export { matmul_q4_k, normalize_q4_k, pack_q4_k, unpack_row_q4_k } from "../products/matmul-k.as";
export { quantize_q8k } from "../products/quantize-q8k.as";
export { choose_words } from "../products/k-pack.as";
