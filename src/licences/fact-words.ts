// Which facts of a case a question tells, English or Chinese, and what of it told them.
import type { Facts } from "./facts.ts";
import { fieldsIn, withoutFields } from "./fields.ts";
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

/** The users that a text counts, and the text without them; where several counts, or none that decides, they stay. */
function count(text: string, before: string, after: string, bound: number): { users?: number; rest: string } {
  const all = (pattern: string) => Array.from(text.matchAll(new RegExp(pattern, "gid")));
  const first = all(`(?:${before})[^\\d]{0,8}${COUNT}`);
  const found = first.length > 0 ? first : all(`${COUNT}\\s*(?:${after})`);
  const counts = found.map((each) => {
    const [start, end] = [each.indices![1]![0], each.indices![2]![1]]; // the flag d
    const told = Number(each[1].replaceAll(",", "")) * UNITS[each[2].toLowerCase()];
    const lead = text.slice(0, start);
    if (NOT_SO.test(lead)) return undefined;
    if (MORE_THAN.test(lead)) return told >= bound ? told + 1 : undefined;
    if (AT_LEAST.test(lead) || OR_MORE.test(text.slice(end))) return told > bound ? told : undefined;
    return told;
  });
  const [users] = counts.length === 1 ? counts : [];
  if (users === undefined || (users <= bound && NOT_ALL.test(text))) return { rest: text };
  const rest = found.reduce((left, { 0: told }) => left.replaceAll(told, " "), text);
  // Which of two numbers counts is not guessed.
  if (ANOTHER_COUNT.test(rest)) return { rest: text };
  return { users, rest: rest.replace(BESIDE_COUNT, " ") };
}

/** A number that may be of users as well. */
const ANOTHER_COUNT = /\d\s*(?:million|billion|bn\b|百万|千万|亿)/i;
/** What stands beside a count that was read. */
const BESIDE_COUNT =
  /\b(?:no(?:t)? (?:more|less|fewer) than|more than|over|above|beyond|upwards? of|at least|at most|fewer than|less than|under|up to|about|around|or (?:more|less|above)|monthly|daily|active|plus|a (?:month|day)|per (?:month|day)|each (?:month|day))\b|没有超过|不超过|不到|不足|超过|多于|大于|高于|不止|突破|至少|不少于|不低于|不下|以上|以下|左右|大约|约|余/gi;

const AT_RELEASE =
  /\b(in|by) (January|February|March|April|May|June|July|August|September|October|November|December) 20|(at|before) (its |the )?release|发布时|发布前/i;
/** The month that a text names, as 2024-03; none where it names several. */
function monthIn(text: string): string | undefined {
  const named = new Set(
    Array.from(text.matchAll(MONTH), ([, month, year]) => {
      const at = MONTHS.indexOf(month.slice(0, 3).toLowerCase()) / 3 + 1;
      return `${year}-${String(at).padStart(2, "0")}`;
    }),
  );
  return named.size === 1 ? [...named][0] : undefined;
}
const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
const MONTH =
  /\b(?:in|by) (January|February|March|April|May|June|July|August|September|October|November|December) (20\d\d)\b/gi;
/** What will not be done; of notices and licences that is something else. */
const NEVER =
  /\b([Nn]ever|[Ww]ithout|[Nn]ot|[Nn]o)\s+(giv|shar|distribut|publish|releas|pass)\w*(?![^,.;?]{0,60}\b(?:credit|notice|copyright|attribution|licen[cs]e|terms|agreement|restriction|Built with))(?:(?!\b(?:but|yet|however|except|though|while|instead|only)\b)[^,.;?A-Z\d])*|(不会?|从不|绝不|不再)(对外)?(分发|发布|公开|提供|分享|交付)(?![^，。；？]{0,12}(?:声明|版权|署名|许可|标识|来源|出处|协议|条款|Built with))(?:(?![但却而只])[^，。；？A-Z\d])*/g;
const RELEASED =
  /\b(in|by) ((January|February|March|April|May|June|July|August|September|October|November|December) )?20\d\d\b|\b(in the month )?before (its |the )?release|at (the )?release|发布前(一个月)?|发布时|(19|20)\d\d ?年/gi;
const NOT_COMMERCIAL =
  /\bnon[- ]?commercial\w*|\bnot[- ]for[- ]profit|\bnon-?profit|\bhobby\b|\b(personal|private|academic|research) (use|purposes?|study|projects?)\b|非(商用|商业|营利)|个人(使用|学习|用途|爱好)|学术|科研|自用/gi;
/** Commerce that is denied, and nothing besides. */
const DENIED_COMMERCE =
  /(?<![要可能])不(?:会|作为?|做|用于|用作|打算|准备|是为了?|为了?|以){0,2}(?:商用|商业(?:用途|目的|使用|化)|营利|盈利)(?:为目的)?|(?:没有?|无|不带|毫无)(?:任何)?(?:商业|营利|盈利)性?(?:目的|用途|性质|意图)(?:[地的])?|\b(?:no|without any|without a|without|not for any|not for a|not for) commercial (?:use|purpose|intent|interest|gain|aim)s?\b/gi;
/** Selling that is denied; it may still be given, or rented out. */
const NOT_SOLD =
  /(?:\b(?:not|never|without)|n['’]t)\b (?:(?:plan|intend|want|wish|mean|going) to |plan(?:ning)? on )?(?:re-?)?sell(?:ing)?(?: (?:it|them|anything|copies|the (?:model|weights)))?\b|(?<![能可要])不(?:会|打算|准备|想)?(?:出售|售卖|销售|转卖|卖)/gi;
/** Neither of the kinds of providers that licences speak of; or not one of them. */
const NO_PROVIDER =
  /(?:(?:既?不是|并非|非)(?:软件|云)[^，。；]{0,4}(?:或者?|和|也?不是|、)(?:软件|云)[^，。；]{0,2}(?:服务商|厂商|公司|提供商|企业))|\b(?:not|neither) (?:an? )?(?:software|cloud)(?: services?)?(?: (?:provider|company|vendor))? n?or (?:an? )?(?:software|cloud)(?: services?)? (?:provider|company|vendor)s?\b/gi;
/** What nobody does without a commercial purpose, whoever asks. */
const PAID =
  /\b(sell|sold|charg|paid|pays?|fees?|subscri|revenue|moneti[sz])|卖|收费|付费|(?<!非)(盈利|商业)|变现/i;
/** What the new model will be called. */
const CALLED =
  /(?:\bcalled|\bcalling (?:it|them|that|this|the \w+)|\bnamed|\bunder the name(?: of)?|\bname (?:it|them|(?:my|our|the) .{1,40}?)|\bas|叫做?|取名[为叫]?|命名为|改名为?|更名为|名为)\s*(?:[“"「‘']([^”"」’']{1,60})[”"」’']|([A-Z](?:\.?\w)*(?:[ -][A-Z0-9](?:\.?\w)*)*(?:-[\p{Script=Han}]{1,8}(?=\s*(?:[，。,？；]|$)))?|(?<=(?:[叫名为做]|called|named)\s*)[a-z][\w.]*-[\w.-]+)|(?<=叫做?\s*|名为\s*|改名为?\s*)([\p{Script=Han}\w-]{1,12}?)(?=\s*(?:并|后|再|，|。|,|？|发布|上传|公开|可以|$)))/u;

/** A text without what it says will not be done, and without the day of a release: neither is an action. */
export const withoutDenied = (text: string): string =>
  [NEVER, DENIED_COMMERCE, NOT_SOLD, NO_PROVIDER, RELEASED].reduce(
    (left, words) => left.replace(words, " "),
    text,
  );

/** What a text calls the model that is to be made. */
export function newName(text: string): string | undefined {
  return CALLED.exec(text)?.slice(1).find(Boolean);
}

const TEXT_ONLY =
  /\btext[- ]only\b|\b(not|no|without) (vision|multimodal)\b|纯文本|(非|不是|不含|没有)(多模态|视觉)/gi;
const VISION = /\b(vision|multi-?modal|images?)\b|多模态|视觉|图像|图片/gi;
const INTERNAL = /\b(in-house|internal(ly)?)\b|内部/gi;
const INTEGRATED = /integrated (end user )?product|own app\b|自己的 ?App|集成产品/gi;
const CLOUD = /\bcloud (provider|service|company|vendor)s?|云服务商|云厂商/gi;
const SOFTWARE = /\bsoftware (provider|company|vendor)s?|软件服务商|软件公司/gi;
const WAYS: Readonly<Record<string, RegExp>> = {
  merge: /\b(merg(e|es|ed|ing)|blend(s|ed|ing)?|average[sd]?|averaging|stitch(ed|ing)?)\b|合并|融合/gi,
  lora: /\b(q?lora)s?\b/gi,
  quantise: /\bquanti[sz]\w*|\b(GGUF|GPTQ|AWQ)\b|量化/gi,
};

/** The facts that a text tells, but for those of the models that it names, and the text without what told them. */
export function factsIn(text: string): { facts: Facts; rest: string } {
  let rest = text;
  /** Whether words are told; then they are understood. */
  const told = (words: RegExp): true | undefined => {
    const shorter = rest.replace(words, " ");
    const isTold = shorter !== rest;
    rest = shorter;
    return isTold || undefined;
  };
  const users = (before: string, after: string, bound: number): number | undefined => {
    const counted = count(rest, before, after, bound);
    rest = counted.rest;
    return counted.users;
  };
  const before = AT_RELEASE.test(text);
  const monthly = users(
    "月活|\\bMAU\\b",
    "\\+?\\s*(?:monthly(?: active)?(?: users)?|users a month|users\\b|MAU\\b|(?:以上|多|余)?的?(?:月活|用户))",
    LARGEST_BOUNDS[before ? "mauAtRelease" : "mau"],
  );
  if (monthly !== undefined) told(RELEASED);
  const daily = users(
    "日活|\\bDAU\\b",
    "\\+?\\s*(?:daily(?: active)?(?: users)?|users a day|DAU\\b|(?:以上|多|余)?的?日活)",
    LARGEST_BOUNDS.dau,
  );
  const where = placeIn(rest);
  rest = where.rest;
  const isTextOnly = told(TEXT_ONLY);
  const ways = Object.keys(WAYS).filter((way) => told(WAYS[way]));
  const isNoProvider = told(NO_PROVIDER);
  const isCloud = told(CLOUD);
  const fields = fieldsIn(rest);
  rest = withoutFields(rest);
  const isNever = told(NEVER);
  const isPrivate = told(DENIED_COMMERCE);
  told(NOT_SOLD);
  const isPaid = PAID.test(text.replace(DENIED_COMMERCE, " ").replace(NOT_SOLD, " "));
  const facts: Facts = {
    mau: before ? undefined : monthly,
    mauAtRelease: before ? monthly : undefined,
    mauMonth: before && monthly !== undefined ? monthIn(text) : undefined,
    dau: daily,
    principalPlace: where.place,
    multimodal: isTextOnly ? false : told(VISION),
    distribute: told(INTERNAL) || isNever ? false : undefined,
    integratedEndUserProduct: told(INTEGRATED),
    provider: isCloud ? "cloud" : told(SOFTWARE) ? "software" : isNoProvider ? null : undefined,
    compose: ways.join("+") || undefined,
    field: fields.join("+") || undefined,
    commercial: (told(NOT_COMMERCIAL) || isPrivate) && !isPaid ? false : undefined,
  };
  return {
    facts: Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)),
    rest,
  };
}
