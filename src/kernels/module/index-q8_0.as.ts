// The kernel module's part for Q8_0 weights: its exports.
export {
  matmul_q8_0_signed,
  matmul_q8_0_unsigned,
  matmul_q8_0_wide,
  normalize_q8_0,
  pack_q8_0,
  unpack_row_q8_0,
} from "../products/matmul-q8_0.as";
