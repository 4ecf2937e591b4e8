// Sizes of memory as people write them: "8GB", "6GiB".

/** Bytes of a size with its unit: "8GB", "800 MB", "6GiB"; NaN for what is none. */
export function bytesOf(size: string): number {
  const [, count, prefix, binary] = /^\s*([\d.]+)\s*([kmgt])(i?)b?\s*$/i.exec(size) ?? [];
  const power = " kmgt".indexOf(prefix?.toLowerCase() ?? " ");
  const bytes = Math.round(Number(count) * (binary ? 1024 : 1000) ** power);
  return bytes > 0 ? bytes : Number.NaN;
}
