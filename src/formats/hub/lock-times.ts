// How patient a download is with another process that fetches the same file.

/** How patient a lock is; tests shorten these. */
export interface LockTimes {
  /** Between two looks at a lock that another holds, in milliseconds. Default 200. */
  pollMs?: number;
  /** The holder renews its lock so often. Default 5,000. */
  renewMs?: number;
  /** A lock that was not renewed for so long has lost its holder, on whatever machine that was. Default 60,000. */
  staleMs?: number;
}
