// Units of facts, and the words for them in Chinese and English.

/** What a figure counts: figures of one dimension become one another by their factors. */
export interface Unit {
  readonly dimension: string;
  /** Of the dimension's base unit. */
  readonly factor: number;
}

const unit = (dimension: string, factor = 1): Unit => ({ dimension, factor });

const CURRENCIES = "USD EUR JPY GBP HKD CHF AUD CAD SGD KRW".split(" ");
const NOUNS: readonly (readonly [noun: string, words: string])[] = [
  ["order", "orders|order|订单"],
  ["customer", "customers|customer|客户|顾客"],
  ["client", "clients|client"],
  ["loan", "loans|loan|贷款"],
  ["application", "applications|application|申请"],
  ["product", "products|product|商品|产品"],
  ["patient", "patients|patient|患者|病人"],
  ["appointment", "appointments|appointment|预约"],
  ["visit", "visits|visit|就诊"],
  ["room", "rooms|room|诊室"],
  ["server", "servers|server"],
  ["comment", "comments|comment|feedback|评论|反馈"],
  ["note", "notes|note|备注"],
  ["inquiry", "inquiries|inquiry|查询"],
  ["item", "items|item"],
  ["branch", "branches|branch|支行"],
  ["doctor", "doctors|doctor|医生"],
];

/** Each word with what it may mean: 分 is a hundredth of a yuan, a minute, or a point. */
const WORDS: readonly (readonly [words: string, ...meanings: Unit[]])[] = [
  ["元|块钱|人民币|yuan|CNY|RMB|¥|￥", unit("CNY", 100)],
  ["角|jiao", unit("CNY", 10)],
  ["分钱|fen", unit("CNY")],
  ["分", unit("CNY"), unit("time", 60), unit("points")],
  ["美元|dollars|dollar|US\\$|\\$", unit("USD")],
  ["欧元|euros|euro|€", unit("EUR")],
  ["日元|yen|円", unit("JPY")],
  ["英镑|pounds|£", unit("GBP")],
  ["港元|港币", unit("HKD")],
  ...CURRENCIES.map((code): readonly [string, Unit] => [code, unit(code)]),
  ["%|％|percent|per cent", unit("ratio", 0.01)],
  ["‰|per mille", unit("ratio", 0.001)],
  ["个?百分点|percentage points|percentage point|pp", unit("difference of ratios", 0.01)],
  ["个?基点|basis points|basis point|bps|bp", unit("ratio", 0.0001), unit("difference of ratios", 0.0001)],
  ["成", unit("ratio", 0.1)],
  ["倍|times|fold|x", unit("ratio")],
  ["秒钟|秒|seconds|second|s", unit("time")],
  ["分钟|minutes|minute|mins|min", unit("time", 60)],
  ["个?小时|hours|hour|h", unit("time", 3600)],
  ["天|日|days|day|d", unit("time", 86_400)],
  ["周|个?星期|weeks|week", unit("time", 604_800)],
  ["个月|months|month", unit("months")],
  ["年|years|year", unit("months", 12)],
  ["毫克|mg", unit("mass", 0.001)],
  ["公斤|千克|kilograms|kilogram|kg", unit("mass", 1000)],
  ["克|grams|gram|g", unit("mass")],
  ["吨|tonnes|tons|tonne", unit("mass", 1_000_000)],
  ["points|point|点", unit("points")],
  ["每小时|per hour|an hour|/h|1/h", unit("rate", 24)],
  ["每天|每日|per day|a day|/d", unit("rate")],
  ["每周|per week|a week", unit("rate", 1 / 7)],
  ...NOUNS.map(([noun, words]): readonly [string, Unit] => [words, unit(`count of ${noun}`)]),
];

/** Words that count without saying what. */
const MEASURES = "个|笔|单|条|件|份|次|名|位|人|间|家|项|张|种|台|套|例|款";

const meanings = new Map<string, readonly Unit[]>();
for (const [words, ...units] of WORDS) {
  for (const word of words.split("|")) {
    meanings.set(word.replaceAll("\\", "").replace("个?", ""), units);
  }
}
const patterns = WORDS.flatMap(([words]) => words.split("|")).sort((a, b) => b.length - a.length);
const isWord = /^[a-z]/i;
const AFTER = new RegExp(
  `^\\s*(?:${patterns.map((each) => (isWord.test(each) ? `${each}(?![\\p{Script=Latin}])` : each)).join("|")})`,
  "u",
);
const MEASURE = new RegExp(`^(?:${MEASURES})(?:(${NOUNS.flatMap(([, w]) => w.split("|")).join("|")}))?`, "u");
/** "arrivals per hour". */
const RATE = /^\s?\p{Script=Latin}+ ((?:per|an?) (?:hour|day|week))(?!\p{L})/u;
const BEFORE =
  /((?:每小时|每天|每日|每周)(?=\p{Script=Han}{0,3}\s?$)|US\$|[¥￥$€£]|(?:CNY|RMB|USD|EUR|JPY|GBP|HKD)(?=\s?$))(?:(?<=每小时|每天|每日|每周)\p{Script=Han}{1,3})?\s?$/u;

/** What follows a figure: the unit's meanings, none for a mere count; how many characters it takes. */
export function unitAfter(
  text: string,
): { readonly units: readonly Unit[]; readonly length: number } | undefined {
  const rate = RATE.exec(text);
  if (rate) return { units: unitsOf(rate[1]), length: rate[0].length };
  const measure = MEASURE.exec(text);
  const [found] = AFTER.exec(text) ?? [];
  if (measure && measure[0].length >= (found?.length ?? 0)) {
    return { units: measure[1] ? unitsOf(measure[1]) : [], length: measure[0].length };
  }
  return found === undefined ? undefined : { units: unitsOf(found.trim()), length: found.length };
}

/** A currency, or 每小时, before a figure. */
export function unitBefore(
  text: string,
): { readonly units: readonly Unit[]; readonly length: number } | undefined {
  const match = BEFORE.exec(text);
  return match ? { units: unitsOf(match[1]), length: match[0].length } : undefined;
}

const COUNTS = NOUNS.map(([noun, words]) => ({
  dimension: `count of ${noun}`,
  pattern: new RegExp(words, "iu"),
}));

/** What a text counts, by the words in it: "count of order". */
export const countsIn = (text: string): string[] =>
  COUNTS.filter(({ pattern }) => pattern.test(text)).map(({ dimension }) => dimension);

const unitsOf = (word: string): readonly Unit[] =>
  meanings.get(word) ?? meanings.get(word.replace(/^个/, "")) ?? meanings.get(word.toLowerCase()) ?? [];

/** What a fact is measured in. `id`: it names something, and is neither rounded nor scaled. */
export type FactUnit =
  | (Unit & { readonly kind: "measure" /** "USD per CNY". */; readonly isRate?: boolean })
  | { readonly kind: "id" }
  /** It says nothing that is known: a number is written as it is. */
  | { readonly kind: "none"; readonly word: string };

/** Of a fact's unit in words: "fen", "ratio by department id", "fen a month, unrounded". */
export function readUnit(text: string): FactUnit {
  const head = text.split(/,|\(| by /)[0].trim();
  if (/(?:^|\s)(?:id|sku|code|name|department)$/i.test(head)) return { kind: "id" };
  if (/^(?:ratio|share|probability|rate)$/i.test(head)) return measure(unit("ratio"));
  if (/^(?:difference of ratios|percentage points?)$/i.test(head)) {
    return measure(unit("difference of ratios", head.startsWith("p") ? 0.01 : 1));
  }
  const [first] = head.split(/ (?:a|an|per|each) /);
  const [known] = unitsOf(first) ?? [];
  if (known)
    return {
      kind: "measure",
      dimension: known.dimension,
      factor: known.factor,
      isRate: / per [A-Z]{3}$/.test(head),
    };
  return { kind: "none", word: first };
}

const measure = ({ dimension, factor }: Unit): FactUnit => ({ kind: "measure", dimension, factor });
