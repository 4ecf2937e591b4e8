// The kernel module's part for E4M3 weights with a scale for 32: its exports.
export { matmul_f8, pack_f8, unpack_row_f8 } from "../products/matmul-f8.as";
