// The kernel module's part for blocks of 4 and 5 bits: its exports.
export { choose_byte_products, choose_pairs } from "../products/dot8.as";
export {
  matmul_iq4 as matmul_iq4_nl,
  matmul_iq4 as matmul_iq4_xs,
  matmul_mxfp4,
  matmul_q4_1,
  matmul_q5_0,
  matmul_q5_1,
} from "../products/matmul-blocks.as";
export {
  normalize_q4_1,
  normalize_q5_0,
  normalize_q5_1,
  pack_iq4_nl,
  pack_iq4_xs,
  pack_mxfp4,
  pack_q4_1,
  pack_q5_0,
  pack_q5_1,
  unpack_row_iq4 as unpack_row_iq4_nl,
  unpack_row_iq4 as unpack_row_iq4_xs,
  unpack_row_mxfp4,
  unpack_row_q4_1,
  unpack_row_q5_0,
  unpack_row_q5_1,
} from "../products/pack-blocks.as";
