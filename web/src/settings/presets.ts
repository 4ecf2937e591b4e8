// Presets that every reader has from the first: few, and each for a reason.
import type { Sampling } from "../store/sampling.ts";

/** Settings under a name that the words know. */
export const ownPresets: readonly {
  name: "standard" | "precise" | "creative" | "repeatable";
  sampling: Sampling;
}[] = [
  { name: "standard", sampling: {} },
  { name: "precise", sampling: { temperature: 0.2, topP: 0.9 } },
  { name: "creative", sampling: { temperature: 1.1, topP: 1, minP: 0.05 } },
  { name: "repeatable", sampling: { temperature: 0, seed: 1 } },
];
