// Which facts of a case a question tells, English or Chinese; what it does not say is left out.
import type { Facts } from "./facts.ts";
import { fieldsIn } from "./fields.ts";
import { placeIn } from "./places.ts";

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

const AT_RELEASE =
  /\b(in|by) (January|February|March|April|May|June|July|August|September|October|November|December) 20|at (the )?release|发布时|发布前/i;
/** What will not be done. */
const NEVER =
  /\b(never|without|not|no)\s+(giv|shar|distribut|publish|releas|pass)\w*[^,.;?]*|(不会?|从不|绝不|不再)(对外)?(分发|发布|公开|提供|分享|交付)[^，。；？]*/gi;
const NOT_COMMERCIAL =
  /\bnon[- ]?commercial|\bnot[- ]for[- ]profit|\bnon-?profit|\bhobby\b|\b(personal|private|academic|research) (use|purposes?|study)\b|非(商用|商业|营利)|个人(使用|学习|用途|爱好)|学术|科研|自用/i;
/** What nobody does without a commercial purpose, whoever asks. */
const PAID =
  /\b(sell|sold|charg|paid|pays?|fees?|subscri|revenue|moneti[sz])|卖|收费|付费|(?<!非)(盈利|商业)|变现/i;
/** What the new model will be called. */
const CALLED =
  /(?:\bcalled|\bnamed|\bunder the name(?: of)?|\bname (?:it|them|(?:my|our|the) .{1,40}?)|\bas|叫做?|取名为?|命名为|改名为?|更名为|名为)\s*(?:[“"「‘']([^”"」’']{1,60})[”"」’']|([A-Z][\w.]*(?:[ -][A-Z0-9][\w.]*)*)|(?<=叫做?\s*|名为\s*|改名为?\s*)([\p{Script=Han}\w-]{1,12}?)(?=\s*(?:并|后|再|，|。|,|？|发布|上传|公开|可以|$)))/u;

/** A text without what it says will not be done. */
export const withoutNever = (text: string): string => text.replace(NEVER, " ");

/** What a text calls the model that is to be made. */
export function newName(text: string): string | undefined {
  return CALLED.exec(text)?.slice(1).find(Boolean);
}

/** The facts that a text tells, but for those of the models that it names. */
export function factsIn(text: string): Facts {
  const has = (words: RegExp) => words.test(text);
  const users = count(text, "月活|\\bMAU\\b", "monthly|users a month|users\\b|MAU\\b|(?:的)?月活");
  const before = has(AT_RELEASE);
  const seesNot = has(
    /\btext[- ]only\b|\b(not|no|without) (vision|multimodal)\b|纯文本|(非|不是|不含|没有)(多模态|视觉)/i,
  );
  const ways = [
    has(/\bmerge|合并/i) && "merge",
    has(/\blora\b/i) && "lora",
    has(/\bquanti[sz]|量化/i) && "quantise",
  ].filter(Boolean);
  const isCloud = has(/\bcloud (provider|service|company|vendor)|云服务商|云厂商/i);
  const facts: Facts = {
    mau: before ? undefined : users,
    mauAtRelease: before ? users : undefined,
    dau: count(text, "日活|\\bDAU\\b", "daily|users a day|DAU\\b|(?:的)?日活"),
    principalPlace: placeIn(text),
    multimodal: seesNot ? false : has(/\b(vision|multimodal)\b|多模态|视觉/i) || undefined,
    distribute: has(/\b(in-house|internal(ly)?)\b|内部/i) || withoutNever(text) !== text ? false : undefined,
    integratedEndUserProduct:
      has(/integrated (end user )?product|own app\b|自己的 ?App|集成产品/i) || undefined,
    provider: isCloud ? "cloud" : has(/\bsoftware (provider|company)|软件服务商/i) ? "software" : undefined,
    compose: ways.join("+") || undefined,
    field: fieldsIn(text).join("+") || undefined,
    commercial: has(NOT_COMMERCIAL) && !has(PAID) ? false : undefined,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
