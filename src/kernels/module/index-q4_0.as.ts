// The kernel module's part for Q4_0 weights: its exports.
export { matmul_q4_0, normalize_q4_0, pack_q4_0, unpack_row_q4_0 } from "../products/matmul-q4_0.as";
export { choose_pairs } from "../products/dot8.as";
