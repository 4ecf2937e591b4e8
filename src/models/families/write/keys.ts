// Typed values of GGUF metadata, and keys that several families write.
import type { TypedMetadataValue } from "../../../formats/gguf/gguf-writer.ts";
import type { ModelConfig } from "../../config/config.ts";
import type { GgufKeys } from "../family.ts";

export const u32 = (value: number): TypedMetadataValue => ({ type: "UINT32", value });
export const f32 = (value: number): TypedMetadataValue => ({ type: "FLOAT32", value });
export const flag = (value: boolean): TypedMetadataValue => ({ type: "BOOL", value });
export const flags = (value: readonly boolean[]): TypedMetadataValue => ({
  type: "BOOL[]",
  value: [...value],
});
export const text = (value: string): TypedMetadataValue => ({ type: "STRING", value });
/** A number that is not written where it is 0. */
export const positive = (value: number): TypedMetadataValue | undefined =>
  value > 0 ? f32(value) : undefined;

/** Layer by layer, whether it slides. */
export function slidingPattern({ slidingWindow }: ModelConfig): GgufKeys {
  const slides = slidingWindow.map((window) => window > 0);
  return slides.includes(true) ? { "attention.sliding_window_pattern": flags(slides) } : {};
}

export const softcaps = ({ attentionSoftcap, logitSoftcap }: ModelConfig): GgufKeys => ({
  attn_logit_softcapping: positive(attentionSoftcap),
  final_logit_softcapping: positive(logitSoftcap),
});

export const qkvClip = (config: ModelConfig): GgufKeys => ({
  "attention.clamp_kqv": positive(config.qkvClip),
});

/** ALiBi's exponent, by the first slope: heads are powers of two, or the first is of the power below. */
export const alibiBias = ({ alibiSlopes: slopes, numHeads }: ModelConfig): GgufKeys => ({
  "attention.max_alibi_bias":
    slopes.length > 0 ? f32(-Math.log2(slopes[0]) * 2 ** Math.floor(Math.log2(numHeads))) : undefined,
});
