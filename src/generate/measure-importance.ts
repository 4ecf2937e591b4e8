// Measures an importance matrix: the mean squared input of every weight matrix over a text.
import { BaimoError } from "../errors.ts";
import type { ImportanceMatrix } from "../formats/gguf/importance.ts";
import type { TraceableModel } from "./model.ts";

/** Options of `measureImportance`. */
export interface MeasureImportanceOptions {
  /** Tokens that are read at a time, each time from an empty context. Default 512, as llama.cpp's imatrix. */
  chunkTokens?: number;
  /** Most pieces to read. Default: the whole text. */
  chunks?: number;
  /** What the file calls the text. */
  dataset?: string;
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

/**
 * Sums the squares of each column of every product's input over a text. The model must come from a GGUF file, whose names
 * the matrix has.
 *
 * @throws {BaimoError} `request` for a text of no tokens, or a model in another layout
 */
export async function measureImportance(
  model: TraceableModel,
  text: string,
  options: MeasureImportanceOptions = {},
): Promise<ImportanceMatrix> {
  const { chunks = Infinity, dataset, onProgress, signal } = options;
  const chunkTokens = Math.min(options.chunkTokens ?? 512, model.contextLength);
  const { tokenizer } = model;
  const tokens = tokenizer.encode(text, { addSpecialTokens: false });
  const first = tokenizer.encode("", { addSpecialTokens: true })[0];
  const prefix = first !== undefined && first === tokenizer.bosTokenId ? [first] : [];
  const room = Math.max(1, chunkTokens - prefix.length);
  // What is left at the end counts only where it is all there is.
  const total = Math.min(chunks, Math.max(1, Math.floor(tokens.length / room)));
  if (tokens.length === 0) throw new BaimoError("request", "the text has no tokens; give a longer one");
  const all = new Map<string, { sums: Float64Array; counts: Float64Array }>();
  for (let done = 0; done < total; ) {
    const piece = [...prefix, ...tokens.slice(done * room, (done + 1) * room)];
    const { columns } = await model.measure(piece, { from: piece.length, columnSums: true, signal });
    for (const [name, { sums, counts }] of columns) {
      const entry = all.get(name);
      if (!entry) all.set(name, { sums: Float64Array.from(sums), counts: Float64Array.from(counts) });
      else {
        for (let i = 0; i < sums.length; i++) entry.sums[i] += sums[i];
        for (let i = 0; i < counts.length; i++) entry.counts[i] += counts[i];
      }
    }
    if (done === 0 && ![...all.keys()].some((name) => name.startsWith("blk."))) {
      throw new BaimoError(
        "request",
        `${model.name} is not a GGUF model; convert it first (baimo convert), and measure what was written`,
      );
    }
    onProgress?.({ done: ++done, total });
  }
  return {
    columns: new Map(
      Array.from(all, ([name, { sums, counts }]) => [
        name,
        { sums: Float32Array.from(sums), counts: Float32Array.from(counts) },
      ]),
    ),
    datasets: dataset === undefined ? [] : [dataset],
    chunkCount: total,
    chunkSize: chunkTokens,
  };
}
