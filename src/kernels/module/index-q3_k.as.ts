// The kernel module's part for Q3_K weights: its exports.
export { matmul_q3_k, normalize_q3_k, pack_q3_k, unpack_row_q3_k } from "../products/matmul-k.as";
export { quantize_q8k } from "../products/quantize-q8k.as";
export { choose_words } from "../products/k-pack.as";
