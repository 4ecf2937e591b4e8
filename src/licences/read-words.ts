// A question in words, read by keywords, English or Chinese: what is not said is left out.
import { actionsIn } from "./action-words.ts";
import type { Action, Facts } from "./facts.ts";
import { FIELDS } from "./fields.ts";
import { findNames, inEnglish, type NamedLicence } from "./find-names.ts";

/** What was understood of a question. */
export interface ReadQuestion {
  /** What is named, in the order of the text. */
  readonly named: readonly NamedLicence[];
  /** At least one: use, where no other is named. */
  readonly actions: readonly Action[];
  readonly facts: Facts;
}

/** A service whose outputs are under its terms, not under the licence of what they train. */
const SERVICE =
  /某?闭源( ?API)?|\bclosed[- ](source|API)( API)?|\bproprietary API|\bOpenAI\b(?![- ]?(API[- ])?(compatible|style)|的?兼容)|\b(Chat)?GPT(-?[345]\w*)?\b(?!-[2JNo])|\bClaude\b|\bGemini\b/gi;

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

const WRITING = "(?:outputs?|answers|responses|completions|generations|data|texts?|examples|conversations)";
/** Which model wrote what another learns from; models are X0, X1, …. */
const WROTE = new RegExp(
  [
    `\\b${WRITING} (?:that |which )?(?:of |from |by )?(?:an? |the |our )?X(\\d+)`,
    `X(\\d+)(?:['’]s|-generated)?(?: [a-z-]+)? ${WRITING}\\b`,
    "\\bdistil\\w* (?:from )?X(\\d+)",
    "X(\\d+)\\s*(?:模型)?\\s*(?:所|的)?\\s*(?:输出|生成|回答|写)",
    "蒸馏\\s*X(\\d+)",
  ].join("|"),
  "i",
);
const ANOTHER = /\b(an)?other\b|\bdifferent\b|其他|其它|另一|另外|别的/i;

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
  const monthly = count(text, "月活|\\bMAU\\b", "monthly|users a month|users\\b|MAU\\b|(?:的)?月活");
  const atRelease =
    /\b(in|by) (January|February|March|April|May|June|July|August|September|October|November|December) 20|at (the )?release|发布时|发布前/i;
  put(atRelease.test(text) ? "mauAtRelease" : "mau", monthly);
  put("dau", count(text, "日活|\\bDAU\\b", "daily|users a day|DAU\\b|(?:的)?日活"));
  for (const [place, words] of Object.entries(MEMBERS)) if (words.test(text)) put("principalPlace", place);
  if (/\b(vision|multimodal)\b|多模态|视觉/i.test(text)) put("multimodal", true);
  if (/\btext[- ]only\b|纯文本/i.test(text)) put("multimodal", false);
  if (/\b(in-house|internal(ly)?|never giving)\b|内部/i.test(text)) put("distribute", false);
  if (/integrated (end user )?product|own app\b|自己的 ?App|集成产品/i.test(text))
    put("integratedEndUserProduct", true);
  if (/\bcloud (provider|service|company|vendor)|云服务商|云厂商/i.test(text)) put("provider", "cloud");
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
  if (/\bnon[- ]?commercial|\bnot[- ]for[- ]profit|\bnon-?profit|非(商用|商业|营利)/i.test(text))
    put("commercial", false);
  const rest = text.replace(SERVICE, " ");
  const byService = rest !== text;
  if (byService) put("dataGeneratedBy", "closed-api");
  // A model that is yet to be named is none of the catalogue's.
  const named = findNames(name === undefined ? rest : rest.replaceAll(name, " "), names);
  // Names of models have words of their own (Granite Code, DeepSeek-V3-Base).
  const bare = named.reduce((left, each, at) => left.replaceAll(each.name, `X${at}`), inEnglish(rest));
  const actions = new Set(actionsIn(bare, { byService }));
  const writer = named[Number(WROTE.exec(bare)?.slice(1).find(Boolean))]?.licence;
  if (!byService && writer !== undefined && named.some(({ licence }) => licence !== writer)) {
    // What one model wrote trains the other.
    put("dataGeneratedBy", writer);
    put("compose", [...ways, "data"].join("+"));
    if (actions.delete("train-on-outputs")) actions.add("fine-tune");
  } else if (actions.has("train-on-outputs") && ANOTHER.test(bare)) put("target", "other");
  // Who counts users has a product.
  const hasUsers = facts.mau !== undefined || facts.mauAtRelease !== undefined || facts.dau !== undefined;
  if (actions.size === 0) actions.add(hasUsers && facts.commercial !== false ? "commercial-use" : "use");
  return { named, actions: [...actions], facts: facts as Facts };
}
