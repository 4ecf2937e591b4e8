// How a matrix is cut in two streams that are read at once.

/**
 * Row groups of each of two streams: the first begins with the first group, the second ends with the last. Where both
 * come to a group in the middle it is computed twice, the same. group: its bytes.
 *
 * Streams a multiple of 4 KiB apart share their sets of the first-level cache, and at some distances (0x108000 and its
 * multiples on Zen, where bits 15 and 20 of an address are hashed into one) the predicted way as well: half the speed. The
 * second begins a group earlier then; groups of whole pages leave the latter distances alone that way.
 */
export function streamGroups(rowGroups: i32, group: usize): i32 {
  const part = (rowGroups + 1) >> 1;
  const apart = <usize>(rowGroups - part) * group;
  const together = (apart & 4095) == 0 && ((group & 4095) != 0 || apart % 0x108000 == 0);
  return together && part > 8 ? part + 1 : part;
}
