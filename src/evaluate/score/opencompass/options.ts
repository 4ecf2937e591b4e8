// The option that an answer names: OpenCompass's patterns, as they are and corrected.
import { stripText } from "../../../tokenizers/chat-template/jinja/text.ts";
import { compileRegex } from "../../python/regex.ts";

/** The version whose patterns these are; two of them lack a comma between them and are one there. */
export const OPENCOMPASS_VERSION = "open-compass/opencompass a5acc4bba3b658f151617a3b393602110fb7a740";

/** The names of the two lists in files: OpenCompass's at that commit, and with its comma. */
export const OWN_EXTRACTION = "opencompass-a5acc4b";
export const CORRECTED_EXTRACTION = "corrected";

const RIGHT = "故选?\\s*([%])";
const ONLY = "只有选?项?\\s?([%])\\s?是?对";
/** In the order in which they are tried; % stands for the letters. */
const PATTERNS = [
  "答案是?\\s*([%])",
  "答案是?\\s*：\\s*([%])",
  "答案是?\\s*:\\s*([%])",
  "答案选项应?该?是\\s*([%])",
  "答案选项应?该?为\\s*([%])",
  "答案应该?是\\s*([%])",
  "答案应该?选\\s*([%])",
  "答案选项为?\\s*：\\s*([%])",
  "答案选项为?\\s+\\(?\\*?\\*?([%])\\*?\\*?\\)?",
  "答案选项是?\\s*:\\s*([%])",
  "答案为\\s*([%])",
  "答案选\\s*([%])",
  "选择?\\s*([%])",
  RIGHT + ONLY,
  "只有选?项?\\s?([%])\\s?是?错",
  "只有选?项?\\s?([%])\\s?不?正确",
  "只有选?项?\\s?([%])\\s?错误",
  "说法不?对选?项?的?是\\s?([%])",
  "说法不?正确选?项?的?是\\s?([%])",
  "说法错误选?项?的?是\\s?([%])",
  "([%])\\s?是正确的",
  "([%])\\s?是正确答案",
  "选项\\s?([%])\\s?正确",
  "所以答\\s?([%])",
  "所以\\s?([%][.。$]?$)",
  "所有\\s?([%][.。$]?$)",
  "[\\s，：:,]([%])[。，,\\.]?$",
  "[\\s，,：:][故即]([%])[。\\.]?$",
  "[\\s，,：:]因此([%])[。\\.]?$",
  "[是为。]\\s?([%])[。\\.]?$",
  "因此\\s?([%])[。\\.]?$",
  "显然\\s?([%])[。\\.]?$",
  "答案是\\s?(\\S+)(?:。|$)",
  "答案应该是\\s?(\\S+)(?:。|$)",
  "答案为\\s?(\\S+)(?:。|$)",
  "(?i)ANSWER\\s*:\\s*([%])",
  "[Tt]he answer is:?\\s+\\(?([%])\\)?",
  "[Tt]he answer is:?\\s+\\(?\\*?\\*?([%])\\*?\\*?\\)?",
  "[Tt]he answer is option:?\\s+\\(?([%])\\)?",
  "[Tt]he correct answer is:?\\s+\\(?([%])\\)?",
  "[Tt]he correct answer is option:?\\s+\\(?([%])\\)?",
  "[Tt]he correct answer is:?.*?boxed{([%])}",
  "[Tt]he correct option is:?.*?boxed{([%])}",
  "[Tt]he correct answer option is:?.*?boxed{([%])}",
  "[Tt]he answer to the question is:?\\s+\\(?([%])\\)?",
  "^选项\\s?([%])",
  "^([%])\\s?选?项",
  "(\\s|^)[%][\\s。，,：:\\.$]",
  "1.\\s?(.*?)$",
  "1.\\s?([%])[.。$]?$",
];
const CUSHION = ["([%]):", "([%])"];

/** How an option is looked for. */
export interface OptionSearch {
  /** The letters there are, such as "ABCD". */
  readonly options: string;
  /** Take any letter at last. Default true. */
  readonly cushion?: boolean;
  /** Put the missing comma in. Default false: as OpenCompass has it. */
  readonly corrected?: boolean;
}

/** What finds the first option that an answer names; "" where there is none. */
export function createFirstOption({
  options,
  cushion = true,
  corrected = false,
}: OptionSearch): (text: string) => string {
  const list = corrected
    ? PATTERNS.flatMap((one) => (one === RIGHT + ONLY ? [RIGHT, ONLY] : [one]))
    : PATTERNS;
  const regexes = list
    .concat(cushion ? CUSHION : [])
    .map((pattern) => compileRegex(`(?s)${pattern.replaceAll("%", options)}`, "OpenCompass's patterns"));
  return (answer) => {
    const text = stripText(answer, undefined, true, true);
    for (const regex of regexes) {
      const match = regex.search(text);
      if (!match) continue;
      const found = match.groups[1] || match.groups[0] || "";
      const option = [...options].find((letter) => found.includes(letter));
      if (option !== undefined) return option;
    }
    return "";
  };
}

/** The last letter of the options in an answer. */
export function lastOption(text: string, options: string): string {
  return [...text].findLast((letter) => options.includes(letter)) ?? "";
}

/** The first capital letter of an answer. */
export function firstCapital(text: string): string {
  return [...text].find((letter) => /\p{Lu}/u.test(letter)) ?? "";
}
