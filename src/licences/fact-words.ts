// Which facts of a case a question tells, English or Chinese; what it does not say is left out.
import type { Facts } from "./facts.ts";
import { fieldsIn } from "./fields.ts";
import { placeIn } from "./places.ts";

const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  thousand: 1e3,
  million: 1e6,
  m: 1e6,
  billion: 1e9,
  bn: 1e9,
  b: 1e9,
  千: 1e3,
  万: 1e4,
  百万: 1e6,
  千万: 1e7,
  亿: 1e8,
  "": 1,
};
/** A number that is no year and no part of a longer one. */
const COUNT =
  "(?<!\\.|\\d[,\\s]?)(?!(?:19|20)\\d\\d(?![\\d,.万千亿]|\\s*[mb]illion))(\\d[\\d,]*(?:\\.\\d+)?)\\s*" +
  "(thousand|million|billion|bn|千万|百万|万|千|亿|[KMB]\\b|)(?![\\w千百十万亿]|[.,]\\d|\\s*%|\\s+(?:\\d|hundred|dozen|trillion|crore|lakh|mio|mrd))";
/** What makes of a number no more than a bound below, before it and after it; or takes it back. */
const MORE_THAN =
  /(?<!\b(?:not|no|never|n['’]t have|not have) |[不未没]|没有)(?:\b(?:more than|over|above|exceed(?:s|ed|ing)?|beyond|upwards? of)|>|超过|多于|大于|高于|不止|突破|[超逾]|(?<!超)过)\s*$/i;
const AT_LEAST =
  /(?:\b(?:at least|a minimum of|(?:not|no) (?:less|fewer) than)|>=|≥|至少|不少于|不低于|不下)\s*$/i;
const OR_MORE =
  /^\s*(?:\+|plus\b|(?:(?:monthly |daily |active )*users )?(?:or|and) (?:more|above)\b|以上|[多余])/i;
const NOT_SO = /(?:\bnot(?: have)?|n['’]t have|没有|不是|并非)\s*$/i;
/** A count of a part, or one that does not stay: all together may be more. */
const NOT_ALL =
  /\b(?:each|every|apiece|per (?:country|region|market|app|product|brand|site)|next (?:year|month|quarter)|soon)\b|每个|每款|每家|各(?:国|地|个)|分别|明年|下(?:个月|季度)/i;
/** The largest bound that any licence has: what is said to be more is beyond all of them. */
export const LARGEST_BOUNDS = { mau: 1e8, mauAtRelease: 7e8, dau: 1e6 } as const;

/** The users that a text counts; undefined where it has several counts, or one that does not decide. */
function count(text: string, before: string, after: string, bound: number): number | undefined {
  const all = (pattern: string) => Array.from(text.matchAll(new RegExp(pattern, "gid")));
  const first = all(`(?:${before})[^\\d]{0,8}${COUNT}`);
  const counts = (first.length > 0 ? first : all(`${COUNT}\\s*(?:${after})`)).map((found) => {
    const [start, end] = [found.indices![1]![0], found.indices![2]![1]]; // the flag d
    const told = Number(found[1].replaceAll(",", "")) * UNITS[found[2].toLowerCase()];
    const lead = text.slice(0, start);
    if (NOT_SO.test(lead)) return undefined;
    if (MORE_THAN.test(lead)) return told >= bound ? told + 1 : undefined;
    if (AT_LEAST.test(lead) || OR_MORE.test(text.slice(end))) return told > bound ? told : undefined;
    return told;
  });
  const [users] = new Set(counts).size === 1 ? counts : [];
  return users !== undefined && users <= bound && NOT_ALL.test(text) ? undefined : users;
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
  const before = has(AT_RELEASE);
  const users = count(
    text,
    "月活|\\bMAU\\b",
    "\\+?\\s*(?:monthly|users a month|users\\b|MAU\\b|(?:以上|多|余)?的?月活)",
    LARGEST_BOUNDS[before ? "mauAtRelease" : "mau"],
  );
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
    dau: count(
      text,
      "日活|\\bDAU\\b",
      "\\+?\\s*(?:daily|users a day|DAU\\b|(?:以上|多|余)?的?日活)",
      LARGEST_BOUNDS.dau,
    ),
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
