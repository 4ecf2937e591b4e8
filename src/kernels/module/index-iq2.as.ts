// The kernel module's part for codes of IQ2 with two scales a block: its exports.
export { matmul_iq2, normalize_iq2, pack_iq2, unpack_row_iq2 } from "../products/matmul-iq2.as";
