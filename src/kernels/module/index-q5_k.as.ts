// The kernel module's part for Q5_K weights: its exports.
export { matmul_q5_k, normalize_q5_k, pack_q5_k, unpack_row_q5_k } from "../products/matmul-k.as";
export { quantize_q8k } from "../products/quantize-q8k.as";
export { choose_words } from "../products/k-pack.as";
