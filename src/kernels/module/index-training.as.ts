// The kernel module's part for training: its exports.
export { gemm } from "../backward/gemm.as";
export { norm_backward, norm_weights_backward } from "../backward/norm-backward.as";
export { activate_backward } from "../backward/activate-backward.as";
export { attention_softmax, attention_softmax_backward } from "../backward/attention-rows.as";
export { logit_gradients, measure_logits } from "../backward/cross-entropy.as";
export { adamw, add_columns, combine, sum_of_squares } from "../backward/optimize.as";
