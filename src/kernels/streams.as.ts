// How a matrix is cut in four streams that are read at once; leans on nothing.

/**
 * Row groups of each of four streams that lie one after another; what is left over follows them. group: its bytes.
 *
 * Streams a multiple of 4 KiB apart share their sets of the first-level cache, and at some distances (0x108000 and its
 * multiples on Zen, where bits 15 and 20 of an address are hashed into one) the predicted way as well: half the speed.
 */
export function streamGroups(rowGroups: i32, group: usize): i32 {
  const part = rowGroups >> 2;
  const together = ((<usize>part * group) & 4095) == 0 && (group & 4095) != 0;
  return together && part > 8 ? part - 1 : part;
}
