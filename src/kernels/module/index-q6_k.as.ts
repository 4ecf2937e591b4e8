// The kernel module's part for Q6_K weights: its exports.
export { matmul_q6_k, normalize_q6_k, pack_q6_k, unpack_row_q6_k } from "../products/matmul-k.as";
export { quantize_q8k } from "../products/quantize-q8k.as";
export { choose_words } from "../products/k-pack.as";
