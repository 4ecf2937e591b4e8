// Options of reading a model's configuration.
import { list, text } from "../option-kinds.ts";
import type { TableOf } from "../options.ts";

/** What `describeModel` may be told. */
export interface DescribeOptions {
  /** Unknown fields of the configuration that the caller knows to be harmless. */
  ignoreConfigKeys?: readonly string[];
}

/** The same, declared. */
export const describeTable = {
  ignoreConfigKeys: list(text({ most: 256 }), { most: 1024 }),
} satisfies TableOf<DescribeOptions>;
