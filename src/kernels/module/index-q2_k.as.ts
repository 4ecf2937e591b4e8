// The kernel module's part for Q2_K weights: its exports.
export { matmul_q2_k, normalize_q2_k, pack_q2_k, unpack_row_q2_k } from "../products/matmul-k.as";
export { quantize_q8k } from "../products/quantize-q8k.as";
export { choose_words } from "../products/k-pack.as";
