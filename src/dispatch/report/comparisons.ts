// Words that compare, Chinese and English: rose, is above, is the largest, is the same.

export type Relation = "more" | "less" | "same" | "most" | "least" | "significant";

/** A word that compares. */
export interface Comparison {
  readonly at: number;
  readonly end: number;
  readonly text: string;
  readonly relation: Relation;
  /** It says that something became more or less; else that it is. */
  readonly isChange: boolean;
}

interface Form {
  readonly relation: Relation;
  readonly isChange?: boolean;
  readonly en: string;
  readonly zh: string;
}

const FORMS: readonly Form[] = [
  {
    relation: "more",
    isChange: true,
    en: "rose|risen|rise|rises|rising|increase|increased|increases|increasing|grew|grow|grows|grown|growth|gained|climbed|went up|is up|are up|was up|were up|up by|up from|jumped|surged",
    zh: "增长|增加|上升|上涨|提高|升高|上调|扩大|攀升|走高|增至|升至|涨至|多了|涨了",
  },
  {
    relation: "less",
    isChange: true,
    en: "fell|fall|falls|fallen|falling|decrease|decreased|decreases|decreasing|decline|declined|declines|dropped|drop|drops|shrank|went down|is down|are down|was down|were down|down by|down from|reduced|lost|slumped",
    zh: "下降|减少|下跌|下滑|降低|回落|缩小|走低|下调|降至|减至|跌至|少了|跌了",
  },
  {
    relation: "more",
    en: "rise above|rises above|rose above|more than|higher than|greater than|larger than|longer than|bigger than|worse than|above|exceed|exceeds|exceeded|exceeding|outnumber|outnumbers|over(?= (?:[\\d¥€$£]|twice|half|one|two|three))|at least|higher|larger|longer|greater",
    zh: "更高|更多|更大|更长|高于|多于|大于|超过|超出|长于|高出|多出|不少于|不低于|至少|以上",
  },
  {
    relation: "less",
    en: "fall below|falls below|fell below|falling below|less than|lower than|fewer than|smaller than|shorter than|better than|below|under(?= [\\d¥€$£])|within|at most|no more than|up to(?= \\d)|lower|smaller|shorter|fewer",
    zh: "更低|更少|更小|更短|低于|少于|小于|不足|不够|短于|不到|不超过|不多于|至多|以内|以下|低出",
  },
  {
    relation: "same",
    en: "the same|unchanged|equal|equals|as many as|as much as|as high as|flat",
    zh: "相同|相等|持平|不变|一样|等于",
  },
  {
    relation: "most",
    en: "largest|highest|most|maximum|biggest|greatest|worst|longest|peak|top",
    zh: "最大|最高|最多|最长|最差|最严重|居首|最可能|最坏",
  },
  {
    relation: "least",
    en: "smallest|lowest|least|fewest|minimum|shortest|best|bottom",
    zh: "最小|最低|最少|最短|最好|末位",
  },
  { relation: "significant", en: "significant|significantly", zh: "显著" },
];

/** What has such a word in it and compares nothing. */
const OTHERWISE =
  /turn(?:s|ed)? over|at most(?! \d)|most of|for the most part|over (?:the|a) |under the|above[- ]mentioned|以下(?:是|为|列|几|各|如)|以上(?:是|为|各|几|如|数|内)|如下|(?:至|从|在|自)下|增长率|增长指数|增加值|最多可|same day|increase in the limit|the most recent|最近/giu;

const compiled = FORMS.map((form) => ({
  relation: form.relation,
  isChange: form.isChange === true,
  pattern: new RegExp(`(?<![\\p{Script=Latin}])(?:${form.en})(?![\\p{Script=Latin}])|(?:${form.zh})`, "giu"),
}));
const BI =
  /(?<![占同环对])比[^，。；,.;]{1,40}?(?<!最)(?:(更?[高多大长])|(更?[低少小短]))(?=[了出\d约近\s，。；,.;（(]|$|\p{L})/gu;

/** All words that compare, in their order; of two at one place the longer. */
export function comparisonsIn(text: string): Comparison[] {
  const masked = text.replace(OTHERWISE, (found) => "·".repeat(found.length));
  const found: Comparison[] = [];
  for (const { relation, isChange, pattern } of compiled) {
    for (const { index, 0: word } of masked.matchAll(pattern)) {
      found.push({ at: index, end: index + word.length, text: word, relation, isChange });
    }
  }
  for (const { index, 0: word, 1: more } of masked.matchAll(BI)) {
    found.push({
      at: index,
      end: index + word.length,
      text: word,
      relation: more ? "more" : "less",
      isChange: false,
    });
  }
  found.sort((a, b) => a.at - b.at || b.end - a.end);
  return found.filter(
    (each, at) =>
      !found.some(
        (other, i) =>
          i !== at &&
          other.at <= each.at &&
          each.end <= other.end &&
          other.end - other.at > each.end - each.at,
      ),
  );
}

/** Whether "not", 没有 or 未 stands just before. */
export const isNegated = (text: string, at: number): boolean =>
  /(?:\bnot|\bno|n't|\bnever|\bneither|没有|没|未|不|并非|并未|无)(?:\s+\w+)?\s*$/iu.test(
    text.slice(Math.max(0, at - 24), at),
  );

/** The relation of which a key, a label or a unit speaks: `worst_ltv`, `rose`, `largest_order`. */
export function relationOfKey(key: string): Relation | undefined {
  return comparisonsIn(key.replaceAll("_", " ").replaceAll(".", " "))[0]?.relation;
}

/** The relation that a calculation states: `a > b`. */
export function relationOfStep(step: string): Relation | undefined {
  const [, sign] = /[^<>=!](<=|>=|<>|!=|<|>|=)[^<>=]/.exec(step) ?? [];
  if (sign === ">" || sign === ">=") return "more";
  if (sign === "<" || sign === "<=") return "less";
  return sign === "=" ? "same" : undefined;
}

export const opposite = (relation: Relation): Relation | undefined =>
  (({ more: "less", less: "more", most: "least", least: "most" }) as const)[relation as "more"];
