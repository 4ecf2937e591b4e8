// What filters that extract by a pattern share: its options, and the match that is taken.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { stripText } from "../../tokenizers/chat-template/jinja/text.ts";
import { compileRegex, type PythonRegex } from "../python/regex.ts";
import { configError } from "../tasks/config-error.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";

/** Where a filter stands, for messages. */
export interface FilterPlace {
  readonly where: string;
  readonly key: string;
}

/** What stands for no match, where a filter names nothing else. */
export const INVALID = "[invalid]";
const NUMBER_PATTERN = "#### (\\-?[0-9\\.\\,]+)";

/** The pattern, the match to take, and what stands for none. */
export function regexOptions(options: RawConfig, { where, key }: FilterPlace) {
  const { regex_pattern: pattern = NUMBER_PATTERN, group_select: select = 0, fallback = INVALID } = options;
  if (typeof pattern !== "string")
    throw configError(where, `${key}.regex_pattern`, `must be a text but is ${brief(pattern)}`);
  if (typeof select !== "number")
    throw configError(where, `${key}.group_select`, `must be a number but is ${brief(select)}`);
  return { regex: compileRegex(pattern, `${where}: ${key}`), select, fallback };
}

/** The match that is selected, of several groups the first that is not empty; undefined without one. */
export function selectMatch(regex: PythonRegex, text: unknown, select: number): string | undefined {
  const found = regex.findAll(typeof text === "string" ? text : "");
  if (found.length === 0) return undefined;
  const match = found.at(select);
  if (match === undefined) {
    throw new BaimoError("request", `group_select is ${select}, and an answer has ${found.length} matches`);
  }
  const part = typeof match === "string" ? match : match.find((group) => group !== "");
  return part === undefined ? undefined : stripText(part, undefined, true, true);
}
