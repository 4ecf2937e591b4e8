// What a licence may require, in a word for programs and in words for people.
import type { Text } from "../catalogue/catalogue.ts";

export const CONDITIONS = [
  "acceptable-use",
  "lawful-use",
  "include-licence",
  "state-changes",
  "keep-notices",
  "notice-file",
  "show-built-with",
  "name-prefix",
  "pass-on-restrictions",
  "becomes-derivative",
  "use-latest-version",
  "attribute",
  "non-commercial",
  "apply-and-be-approved",
  "no-sublicence",
  "resolve-disagreement",
  "read-api-terms",
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** What to do. */
export const conditionTexts: Readonly<Record<Condition, Text>> = {
  "acceptable-use": {
    en: "keep to the acceptable or prohibited use policy",
    zh: "遵守可接受使用政策或禁止使用政策",
  },
  "lawful-use": { en: "keep to export and other laws", zh: "遵守出口管制及其他法律" },
  "include-licence": { en: "pass on a copy of the licence", zh: "随附许可证副本" },
  "state-changes": { en: "mark changed files", zh: "在改动过的文件上注明" },
  "keep-notices": { en: "keep copyright and other notices", zh: "保留版权等声明" },
  "notice-file": {
    en: "pass on a Notice text file with the prescribed sentence",
    zh: "附 Notice 文件及规定语句",
  },
  "show-built-with": { en: "show the prescribed “Built with …”", zh: "标示规定的“Built with …”" },
  "name-prefix": { en: "let the model's name begin as prescribed", zh: "模型名称须以规定文字开头" },
  "pass-on-restrictions": {
    en: "bind the next user to the restrictions by agreement, with notice",
    zh: "以协议约束下一使用者遵守限制并告知",
  },
  "becomes-derivative": {
    en: "treat the new model as one under this licence",
    zh: "新模型归入本许可",
  },
  "use-latest-version": {
    en: "make reasonable efforts to use the latest version",
    zh: "合理努力使用最新版本",
  },
  attribute: { en: "give attribution", zh: "署名" },
  "non-commercial": { en: "have no commercial purpose", zh: "不得有商业目的" },
  "apply-and-be-approved": { en: "apply, and be approved first", zh: "先申请并获批准" },
  "no-sublicence": { en: "do not pass the right on", zh: "不得再授权" },
  "resolve-disagreement": { en: "find out which licence holds", zh: "查明适用哪一许可" },
  "read-api-terms": {
    en: "read the terms of the service that wrote the data",
    zh: "阅读生成数据的服务之条款",
  },
};
