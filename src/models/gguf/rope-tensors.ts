// Divisors of RoPE's frequencies, which GGUF keeps in tensors.
import type { ModelConfig } from "../config/config.ts";
import { ropeDivisors } from "../families/read/gguf-rope.ts";
import { ropeFrequencies } from "../forward/rope.ts";

/** The tensors to write for a configuration, by name. */
export function ropeTensors({ ropes }: ModelConfig): Map<string, Float32Array> {
  const rope = ropes[0];
  const tensors = new Map<string, Float32Array>();
  if (!rope) return tensors;
  const { scaling } = rope;
  if (scaling.type === "llama3" || scaling.type === "factors") {
    const plain = ropeFrequencies({ ...rope, scaling: { type: "none" } }, 1).inverse;
    const scaled = ropeFrequencies(rope, 1).inverse;
    const divisors = Float32Array.from(plain, (f, i) => f / scaled[i]);
    tensors.set(ropeDivisors.all, divisors);
  } else if (scaling.type === "longrope") {
    tensors.set(ropeDivisors.long, Float32Array.from(scaling.long));
    tensors.set(ropeDivisors.short, Float32Array.from(scaling.short));
  }
  return tensors;
}
