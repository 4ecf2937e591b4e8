// Verdicts, actions and headings of what licences permit, in words for people.
import type { Text } from "../catalogue/catalogue.ts";
import type { Verdict } from "./answer.ts";
import type { Action } from "./facts.ts";

/** What each verdict says. */
export const verdictTexts: Readonly<Record<Verdict, Text>> = {
  yes: { en: "Yes.", zh: "可以。" },
  "yes-if": { en: "Yes, on these conditions.", zh: "可以，但须满足以下条件。" },
  no: { en: "No: not under this licence as the facts stand.", zh: "不可以：就目前情况，此许可不允许。" },
  unknown: { en: "Unknown: what is at hand does not decide.", zh: "不知道：文本与情况不足以判断。" },
};

/** What each action is. */
export const actionTexts: Readonly<Record<Action, Text>> = {
  use: { en: "use", zh: "使用" },
  "commercial-use": { en: "commercial use", zh: "商用" },
  host: { en: "host it for others", zh: "托管给他人用" },
  distribute: { en: "distribute", zh: "分发" },
  sell: { en: "sell", zh: "出售" },
  "fine-tune": { en: "fine-tune", zh: "微调" },
  "publish-derivative": { en: "publish a derivative", zh: "发布衍生模型" },
  "sell-derivative": { en: "sell a derivative", zh: "出售衍生模型" },
  "train-on-outputs": { en: "train on its outputs", zh: "用其输出训练" },
  sublicense: { en: "sublicense", zh: "再许可" },
  "remove-attribution": { en: "remove attribution", zh: "去掉署名" },
  "stay-on-version": { en: "stay on a version", zh: "停留在旧版本" },
};
