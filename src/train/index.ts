// baimo/train: fine-tuning of adapters for programs and pages. Re-exports only.

export type { TaughtMessage } from "./chat-masks.ts";
export { type AdapterFiles, type FineTuneOptions, type FineTuneStep, fineTune } from "./fine-tune.ts";
