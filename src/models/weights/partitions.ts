// Which rows of a model's matrices, and which heads, each rank owns.
import { cutEvenly, type Partition, scalePartition } from "../../tensor/partition.ts";
import type { ModelConfig } from "../config/config.ts";
import type { RowCut } from "./tensor-plan.ts";

/** Rows go by groups of this many, as kernels take them. */
const ROW_GROUP = 8;

/** The query heads of each rank; they stay whole. */
export function cutHeads(config: ModelConfig, ranks: number): Partition {
  return cutEvenly(config.numHeads, ranks);
}

/** The key heads of a delta net of each rank. */
export function cutDeltaHeads(config: ModelConfig, ranks: number): Partition {
  return cutEvenly(config.delta?.keyHeads ?? 0, ranks);
}

/** The rows of a matrix, or the columns of what it computes. */
export function cutFor(
  config: ModelConfig,
  ranks: number,
  { cut, rows }: { readonly cut: RowCut; readonly rows: number },
): Partition {
  if (cut === "rows") return cutEvenly(rows, ranks, ROW_GROUP);
  const heads = cut === "heads" ? cutHeads(config, ranks) : cutDeltaHeads(config, ranks);
  return scalePartition(heads, rows / heads[ranks]);
}
