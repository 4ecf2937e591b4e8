// The KV cache: bytes a token and at a length; heads, latent vectors, sliding windows.
import { type Computed, compute, defined, type Quantity } from "../quantity/quantity.ts";

/** What a model keeps of a token in each layer. */
export type CacheShape =
  | {
      readonly kind: "heads";
      readonly kvHeads: Quantity<"count">;
      readonly headDim: Quantity<"count">;
      readonly window?: Window;
      readonly layers: Quantity<"count">;
    }
  /** One vector for all heads (multi-head latent attention). */
  | {
      readonly kind: "latent";
      readonly rank: Quantity<"count">;
      readonly ropeDim: Quantity<"count">;
      readonly layers: Quantity<"count">;
    };

/** Some layers see only the last `length` tokens. */
export interface Window {
  readonly length: Quantity<"token">;
  readonly slidingLayers: Quantity<"count">;
}

const keysAndValues = defined(
  "keys and values",
  2,
  "count",
  "attention keeps a key and a value (arXiv 1706.03762)",
);

/** Bytes that one layer keeps of one token. */
function bytesPerLayer(shape: CacheShape, bytesPerValue: Quantity<"byte/count">): Computed<"byte/token"> {
  if (shape.kind === "latent") {
    const { rank, ropeDim } = shape;
    return compute(
      "bytes a token and layer",
      "byte/token",
      "(rank + ropeDim) * bytesPerValue",
      { rank, ropeDim, bytesPerValue },
      { source: { title: "DeepSeek-V2, §2.1", url: "https://arxiv.org/abs/2405.04434", date: "2024-05-07" } },
    );
  }
  const { kvHeads, headDim } = shape;
  return compute(
    "bytes a token and layer",
    "byte/token",
    "keysAndValues * kvHeads * headDim * bytesPerValue",
    {
      keysAndValues,
      kvHeads,
      headDim,
      bytesPerValue,
    },
  );
}

/** Bytes that one more token takes, as long as no window is full. */
export const cachePerToken = (
  shape: CacheShape,
  bytesPerValue: Quantity<"byte/count">,
): Computed<"byte/token"> =>
  compute("bytes of KV cache a token", "byte/token", "layers * perLayer", {
    layers: shape.layers,
    perLayer: bytesPerLayer(shape, bytesPerValue),
  });

/** Bytes of one sequence of `tokens`: layers with a window keep no more than it. */
export function cacheAt(
  shape: CacheShape,
  bytesPerValue: Quantity<"byte/count">,
  tokens: Quantity<"token">,
): Computed<"byte"> {
  const perLayer = bytesPerLayer(shape, bytesPerValue);
  const { layers } = shape;
  const window = shape.kind === "heads" ? shape.window : undefined;
  const name = "bytes of KV cache of one sequence";
  if (!window) return compute(name, "byte", "layers * perLayer * tokens", { layers, perLayer, tokens });
  const { length, slidingLayers } = window;
  return compute(
    name,
    "byte",
    "perLayer * ((layers - slidingLayers) * tokens + slidingLayers * min(tokens, window))",
    { perLayer, layers, slidingLayers, tokens, window: length },
  );
}

/** Layers with a window where one in `every` is full; 1: every layer slides. */
export const slidingLayersOf = (layers: Quantity<"count">, every: Quantity<"count">): Quantity<"count"> =>
  every.value === 1
    ? layers
    : compute("layers with a window", "count", "layers - floor(layers / every)", { layers, every });
