// What a run tells: its plan before the first step, then every step as it happens.

/** What happens in a run, as it happens. */
export type RunEvent =
  | { readonly type: "planned"; readonly plan: RunPlan }
  | { readonly type: "resumed"; readonly step: number }
  | {
      readonly type: "step";
      readonly step: number;
      readonly loss: number;
      readonly gradNorm: number;
      readonly lr: number;
      readonly tokensPerSecond: number;
      /** Of the steps that remain, by those of this run so far. */
      readonly secondsLeft: number;
    }
  | {
      readonly type: "skipped";
      readonly step: number;
      readonly documents: readonly string[];
      readonly gradNorm: number;
    }
  | { readonly type: "evaluated"; readonly step: number; readonly loss: number }
  | { readonly type: "saved"; readonly step: number }
  | { readonly type: "done"; readonly out: string };

/** What a run takes, before its first step. */
export interface RunPlan {
  readonly parameters: number;
  readonly learned: number;
  readonly memoryBytes: number;
  /** Of one checkpoint, and of what the run leaves. */
  readonly checkpointBytes: number;
  readonly examples: number;
  /** Examples that were longer than a row. */
  readonly cut: number;
  readonly stepsAnEpoch: number;
  readonly threads: number;
}
