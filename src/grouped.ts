// Numbers as messages write them.

/** How a count, of bytes say, is written in messages: 95,420,416. */
export const grouped = (n: number | bigint): string => n.toLocaleString("en-US");
