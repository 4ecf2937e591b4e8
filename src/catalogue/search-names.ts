// What countries, languages, makers and licences are called in a search, in English and Chinese.
import type { Licence } from "./catalogue.ts";

type Names = readonly string[];

/** By the ISO 3166-1 code of a maker's seat. */
export const countryNames: Readonly<Record<string, Names>> = {
  AE: ["united arab emirates", "emirati", "uae", "阿联酋"],
  CA: ["canada", "canadian", "加拿大"],
  CN: ["china", "chinese", "中国", "国产"],
  FR: ["france", "french", "法国"],
  KR: ["south korea", "korean", "韩国"],
  US: ["united states", "america", "american", "usa", "美国"],
};

/** By ISO 639-1 code. Where no source tells a model's languages, it is found by those of its maker's seat. */
export const languageNames: Readonly<Record<string, { names: Names; seats?: Names }>> = {
  ar: { names: ["arabic", "阿拉伯语", "阿拉伯文"], seats: ["AE"] },
  de: { names: ["german", "deutsch", "德语", "德文"] },
  en: { names: ["english", "英语", "英文"], seats: ["US", "CA"] },
  es: { names: ["spanish", "西班牙语", "西班牙文", "西语"] },
  fr: { names: ["french", "法语", "法文"], seats: ["FR"] },
  hi: { names: ["hindi", "印地语"] },
  it: { names: ["italian", "意大利语", "意大利文"] },
  ja: { names: ["japanese", "日语", "日文"] },
  ko: { names: ["korean", "韩语", "韩文"], seats: ["KR"] },
  nl: { names: ["dutch", "荷兰语"] },
  pt: { names: ["portuguese", "葡萄牙语", "葡语"] },
  ru: { names: ["russian", "俄语", "俄文"] },
  th: { names: ["thai", "泰语", "泰文"] },
  vi: { names: ["vietnamese", "越南语", "越南文"] },
  zh: { names: ["chinese", "mandarin", "中文", "汉语", "华语"], seats: ["CN"] },
};

/** Other names of makers and their models, by the id of a family. */
export const familyNames: Readonly<Record<string, Names>> = {
  baichuan: ["百川"],
  "code-llama": ["facebook", "脸书"],
  deepseek: ["深度求索"],
  "ernie-4.5": ["文心", "wenxin", "文心一言"],
  gemma: ["谷歌"],
  "glm-4": ["智谱", "chatglm", "清言"],
  "glm-4-moe": ["智谱", "chatglm", "清言"],
  "iflytek-spark": ["讯飞", "星火"],
  internlm2: ["书生", "浦语", "上海人工智能实验室"],
  llama: ["facebook", "脸书", "羊驼"],
  olmo: ["allenai"],
  olmoe: ["allenai"],
  opt: ["facebook", "脸书"],
  qwen: ["tongyi", "通义", "千问", "阿里云"],
  "qwen2-moe": ["tongyi", "通义", "千问", "阿里云"],
  qwen2: ["tongyi", "通义", "千问", "阿里云"],
  qwen3: ["tongyi", "通义", "千问", "阿里云"],
  "seed-oss": ["豆包", "doubao", "字节"],
  smollm3: ["抱抱脸"],
  yi: ["零一万物", "lingyi"],
};

/** What a licence lets one do. */
export const useNames: Readonly<Record<Licence["commercial"], Names>> = {
  yes: ["commercial", "商用", "可商用"],
  conditions: ["commercial", "商用", "可商用", "conditions", "有条件"],
  no: ["non-commercial", "noncommercial", "非商用", "不可商用", "research", "研究"],
  unknown: [],
};

/** How the layers are built. */
export const kindNames: Readonly<Record<"dense" | "moe", Names>> = {
  dense: ["dense", "稠密"],
  moe: ["moe", "mixture", "experts", "混合专家", "专家"],
};
