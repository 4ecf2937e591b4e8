// The learning rate's factor at every step: cosine, warm-up-stable-decay (WSD), linear, constant.

/** A schedule over `steps` steps; a warm-up rises to 1 at the end of `warmup` steps, and `end` is where it falls to. */
export type Schedule =
  | { readonly kind: "constant"; readonly warmup?: number }
  | {
      readonly kind: "cosine" | "linear";
      readonly warmup?: number;
      readonly steps: number;
      readonly end?: number;
    }
  | {
      readonly kind: "wsd";
      readonly warmup?: number;
      readonly steps: number;
      /** The step from which on the rate falls. */
      readonly decayStart: number;
      readonly end?: number;
    };

/** What the learning rate is multiplied with at step `step`, counted from 0. */
export function rateFactor(schedule: Schedule, step: number): number {
  const { warmup = 0 } = schedule;
  const rise = Math.min(1, (step + 1) / Math.max(1, warmup));
  if (schedule.kind === "constant") return rise;
  const { steps, end = 0 } = schedule;
  const start = schedule.kind === "wsd" ? schedule.decayStart : warmup;
  const share = Math.min(1, Math.max(0, step - start) / Math.max(1, steps - start));
  const left = schedule.kind === "cosine" ? (1 + Math.cos(Math.PI * share)) / 2 : 1 - share;
  return rise * (end + (1 - end) * left);
}
