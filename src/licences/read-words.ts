// A question in words, read by keywords, English or Chinese: what is not said is left out.
import type { Action, Facts } from "./facts.ts";
import { FIELDS } from "./fields.ts";

/** What a text calls a model or a licence, and the licence that it has. */
export interface NamedLicence {
  readonly name: string;
  readonly licence: string;
}

/** What was understood of a question. */
export interface ReadQuestion {
  readonly uses: readonly string[];
  readonly action: Action;
  readonly facts: Facts;
}

/** The first that fits says what is done. */
const ACTIONS: readonly (readonly [words: RegExp, action: Action])[] = [
  [
    /\b(remove|delete|strip)\b.*\b(notice|copyright|attribution|licen[cs]e)|(删|去掉|移除).*(声明|版权|署名)/i,
    "remove-attribution",
  ],
  [/\b(stay|remain)\b.*\bversion|ignore.*update|停在.*版|不.{0,4}更新/i, "stay-on-version"],
  [/\bsub-?licen[cs]e|再授权|再许可/i, "sublicense"],
  [
    /\boutputs?\b.*\b(train|improve|tune)|\b(train|improve|tune|distil)\w*\b.*\boutputs?\b|distil|输出.*(训练|改进|微调)|蒸馏/i,
    "train-on-outputs",
  ],
  [/\b(sell|sold|selling)\b.*\bAPI\b|\b(API|SaaS|hosted|hosting|paid [a-z ]*service)\b|托管|云服务/i, "host"],
  [
    /\b(fine-?tun\w*|merged?|LoRA|derivative|quanti[sz]\w+)\b.*\b(sell|sold|customers)|\b(sell|sold)\b.*\b(fine-?tun\w*|merged?|LoRA|derivative)|(微调|合并|量化|LoRA).*(卖|出售)/i,
    "sell-derivative",
  ],
  [
    /\b(publish|release|share|upload)\w*\b.*\b(fine-?tun\w*|merged?|LoRA|derivative|quanti[sz]\w+|tuned)|\b(fine-?tun\w*|merged?|LoRA|tuned|quanti[sz]\w+)\b.*\b(publish|release|share|upload)|(微调|合并|量化|LoRA|改名).*(发布|公开|分发)|(发布|公开|分发).*(微调|合并|量化|LoRA)/i,
    "publish-derivative",
  ],
  [/\b(sell|sold)\b|出售|卖/i, "sell"],
  [/\b(redistribut|distribut|publish|re-?upload|pass on)\w*|分发|转发|发布/i, "distribute"],
  [
    /\b(commercial|company|business|product|shop|customers|employer|offer|provide)\w*|商用|公司|企业|商业|产品/i,
    "commercial-use",
  ],
  [/\bfine-?tun|微调/i, "fine-tune"],
];

const MEMBERS: Readonly<Record<string, RegExp>> = {
  EU: /\b(EU|European Union|Germany|German|France|French|Italy|Spain|Netherlands|Poland|Ireland|Sweden)\b|欧盟|德国|法国|意大利|西班牙|荷兰/,
  US: /\b(US|USA|United States|American)\b|美国/,
  CN: /\b(China|Chinese company)\b|中国/,
};

const UNITS: Readonly<Record<string, number>> = {
  million: 1e6,
  m: 1e6,
  billion: 1e9,
  万: 1e4,
  亿: 1e8,
  "": 1,
};
const COUNT = "(\\d[\\d,]*(?:\\.\\d+)?)\\s*(million|billion|万|亿|M\\b|)";

function count(text: string, before: string, after: string): number | undefined {
  const found =
    new RegExp(`(?:${before})[^\\d]{0,8}${COUNT}`, "i").exec(text) ??
    new RegExp(`${COUNT}\\s*(?:${after})`, "i").exec(text);
  return found ? Number(found[1].replaceAll(",", "")) * UNITS[found[2].toLowerCase()] : undefined;
}

/**
 * Reads a question by its keywords; what it does not find is left out, never guessed.
 *
 * names  what models and licences are called; of two that overlap in the text the longer counts
 */
export function readWords(text: string, names: readonly NamedLicence[]): ReadQuestion {
  const facts: Record<string, unknown> = {};
  const put = (name: keyof Facts, value: unknown) => {
    if (value !== undefined) facts[name] = value;
  };
  const monthly = count(text, "月活", "monthly|users a month|users\\b");
  const atRelease =
    /\b(in|by) (January|February|March|April|May|June|July|August|September|October|November|December) 20|at (the )?release|发布时|发布前/i;
  put(atRelease.test(text) ? "mauAtRelease" : "mau", monthly);
  put("dau", count(text, "日活", "daily|users a day"));
  for (const [place, words] of Object.entries(MEMBERS)) if (words.test(text)) put("principalPlace", place);
  if (/\b(vision|multimodal)\b|多模态|视觉/i.test(text)) put("multimodal", true);
  if (/\btext[- ]only\b|纯文本/i.test(text)) put("multimodal", false);
  if (/\b(in-house|internal(ly)?|never giving)\b|内部/i.test(text)) put("distribute", false);
  if (/integrated (end user )?product|own app\b|自己的 ?App|集成产品/i.test(text))
    put("integratedEndUserProduct", true);
  if (/\bcloud (provider|service)|云服务商|云厂商/i.test(text)) put("provider", "cloud");
  else if (/\bsoftware (provider|company)|软件服务商/i.test(text)) put("provider", "software");
  const [, , name] =
    /(called|named|as|叫|名为|名字叫)\s*[“"「]?([A-Z][\w.]*(?:[ -][A-Z0-9][\w.]*)*)/.exec(text) ?? [];
  put("name", name);
  const ways = [
    /\bmerge|合并/i.test(text) ? "merge" : "",
    /\blora\b/i.test(text) ? "lora" : "",
    /\bquanti[sz]|量化/i.test(text) ? "quantise" : "",
  ].filter(Boolean);
  if (ways.length > 0) put("compose", ways.join("+"));
  const small = text.toLowerCase();
  put(
    "field",
    Object.keys(FIELDS).find((field) => FIELDS[field].some((word) => small.includes(word))),
  );
  // What a service writes is under its terms, not under the licence of what it trains.
  const service = /闭源|\bclosed[- ](source|API)|\bproprietary API|\bOpenAI\b|\bGPT-[45]|\bClaude\b/i.test(
    text,
  );
  if (service) put("dataGeneratedBy", "closed-api");
  const fitting = ACTIONS.filter(([words]) => words.test(text)).map(([, action]) => action);
  const action =
    fitting.find((each) => !service || (each !== "train-on-outputs" && each !== "host")) ?? "use";
  // A model that is yet to be named is none of the catalogue's.
  const others = name === undefined ? text : text.replaceAll(name, " ");
  return { uses: namedIn(others, names), action, facts: facts as Facts };
}

/** Names so short are also words, or parts of words, in small letters. */
const SHORT = 4;

/** The licences named in a text, in the order of the text. */
function namedIn(text: string, names: readonly NamedLicence[]): string[] {
  let rest = text;
  const found: { at: number; licence: string }[] = [];
  const longest = [...names].sort((one, other) => other.name.length - one.name.length);
  for (const { name, licence } of longest) {
    const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/[ -]+/g, "[ -]?");
    const whole = `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9]|\\.\\d)`;
    const match = new RegExp(whole, name.length > SHORT ? "i" : "").exec(rest);
    if (!match) continue;
    found.push({ at: match.index, licence });
    const end = match.index + match[0].length;
    rest = rest.slice(0, match.index) + " ".repeat(match[0].length) + rest.slice(end);
  }
  found.sort((one, other) => one.at - other.at);
  return [...new Set(found.map(({ licence }) => licence))];
}
