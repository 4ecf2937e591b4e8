// How rows of a matrix, or attention heads, are divided among the ranks.

/** Boundaries of contiguous ranges: rank r owns [partition[r], partition[r + 1]). */
export type Partition = readonly number[];

/** Cuts `total` into one contiguous range a rank, as even as whole units of `unit` allow. Ranges may be empty. */
export function cutEvenly(total: number, ranks: number, unit = 1): Partition {
  const units = Math.ceil(total / unit);
  return Array.from({ length: ranks + 1 }, (_, rank) =>
    Math.min(total, Math.round((units * rank) / ranks) * unit),
  );
}

/** The same cut with every boundary multiplied, for example heads to rows. */
export function scalePartition(partition: Partition, factor: number): Partition {
  return partition.map((boundary) => boundary * factor);
}
