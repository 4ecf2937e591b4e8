// Exact match with what it may leave out of sight: case, punctuation, digits, patterns.
import { compileRegex, type PythonRegex } from "../python/regex.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";

const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const DIGITS = /[0-9]/g;

/** Whether an answer is the right one, by a metric's options. */
export function createExactMatch(
  options: RawConfig,
  where: string,
): (answer: string, target: string) => boolean {
  const list = options.regexes_to_ignore;
  const ignored: PythonRegex[] = Array.isArray(list)
    ? list.map((one) => compileRegex(String(one), where))
    : [];
  const plain = (text: string): string => {
    let out = ignored.reduce((rest, pattern) => pattern.replace(rest, ""), text);
    if (options.ignore_case === true) out = out.toLowerCase();
    if (options.ignore_punctuation === true) out = out.replace(PUNCTUATION, "");
    if (options.ignore_numbers === true) out = out.replace(DIGITS, "");
    // numpy's texts have no zeros at their end
    return out.replace(/\0+$/, "");
  };
  return (answer, target) => plain(answer) === plain(target);
}
