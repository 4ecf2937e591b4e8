// What licences are called on cards, in GGUF metadata and by their own first lines.

/** Tags of model cards and of GGUF's `general.license`, in small letters, by licence. */
const TAGS: Readonly<Record<string, readonly string[]>> = {
  "Apache-2.0": ["apache-2.0", "apache 2.0", "apache2", "apache license 2.0"],
  MIT: ["mit", "mit license"],
  "CC-BY-NC-4.0": ["cc-by-nc-4.0", "cc-by-nc"],
  "LicenseRef-Llama-2": ["llama2"],
  "LicenseRef-Llama-3": ["llama3"],
  "LicenseRef-Llama-3.1": ["llama3.1"],
  "LicenseRef-Llama-3.2": ["llama3.2"],
  "LicenseRef-Llama-3.3": ["llama3.3"],
  "LicenseRef-Gemma": ["gemma"],
  "LicenseRef-BigScience-RAIL-1.0": ["bigscience-bloom-rail-1.0"],
  "LicenseRef-BigCode-OpenRAIL-M": ["bigcode-openrail-m"],
  "LicenseRef-DeepSeek": ["deepseek"],
  "LicenseRef-Databricks-Open-Model": ["databricks-open-model-license"],
  "LicenseRef-Tongyi-Qianwen": ["tongyi-qianwen", "tongyi-qianwen-license-agreement"],
  "LicenseRef-Tongyi-Qianwen-Research": ["tongyi-qianwen-research"],
  "LicenseRef-Qwen": ["qwen"],
  "LicenseRef-Qwen-Research": ["qwen-research"],
  "LicenseRef-Falcon-180B": ["falcon-180b-license"],
  "LicenseRef-GLM-4": ["glm-4"],
  "LicenseRef-EXAONE-1.2-NC": ["exaone"],
  "LicenseRef-Baichuan-2": ["baichuan2-license"],
};

/** Words near the beginning of each text; what is special comes before what it is made of. */
const OPENINGS: readonly (readonly [opening: RegExp, id: string])[] = [
  [/LLAMA 2 COMMUNITY LICENSE/i, "LicenseRef-Llama-2"],
  [/LLAMA 3\.1 COMMUNITY LICENSE/i, "LicenseRef-Llama-3.1"],
  [/LLAMA 3\.2\W{0,4}COMMUNITY LICENSE/i, "LicenseRef-Llama-3.2"],
  [/LLAMA 3\.3\W{0,4}COMMUNITY LICENSE/i, "LicenseRef-Llama-3.3"],
  [/META LLAMA 3 COMMUNITY LICENSE/i, "LicenseRef-Llama-3"],
  [/Tongyi Qianwen RESEARCH LICENSE/i, "LicenseRef-Tongyi-Qianwen-Research"],
  [/Tongyi Qianwen LICENSE/i, "LicenseRef-Tongyi-Qianwen"],
  [/Qwen RESEARCH LICENSE/i, "LicenseRef-Qwen-Research"],
  [/Qwen LICENSE AGREEMENT/i, "LicenseRef-Qwen"],
  [/Databricks Open Model License/i, "LicenseRef-Databricks-Open-Model"],
  [/BigScience RAIL License/i, "LicenseRef-BigScience-RAIL-1.0"],
  [/BigCode Open ?RAIL-M/i, "LicenseRef-BigCode-OpenRAIL-M"],
  [/DEEPSEEK LICENSE AGREEMENT/i, "LicenseRef-DeepSeek"],
  [/Gemma Terms of Use/i, "LicenseRef-Gemma"],
  [/FALCON 180B TII LICENSE/i, "LicenseRef-Falcon-180B"],
  [/glm-4-9b License/i, "LicenseRef-GLM-4"],
  [/EXAONE AI Model License Agreement 1\.2 - NC/i, "LicenseRef-EXAONE-1.2-NC"],
  [/OPT-175B LICENSE/i, "LicenseRef-OPT"],
  [/Attribution-NonCommercial 4\.0/i, "CC-BY-NC-4.0"],
  [/Apache License\s+Version 2\.0/i, "Apache-2.0"],
];

/** Characters of a text that are looked at. */
const BEGINNING = 4096;

/** The licence that a tag or an identifier names, in any case; undefined for one that is not known. */
export function licenceOfTag(tag: string): string | undefined {
  const wanted = tag.trim().toLowerCase();
  const is = (id: string) => id.toLowerCase() === wanted || id.toLowerCase() === `licenseref-${wanted}`;
  const byId = OPENINGS.find(([, id]) => is(id))?.[1] ?? Object.keys(TAGS).find(is);
  return byId ?? Object.keys(TAGS).find((id) => TAGS[id].includes(wanted));
}

/** The licence whose text this is; undefined where it is none that is known. */
export function licenceOfText(text: string): string | undefined {
  const beginning = text.slice(0, BEGINNING);
  const named = OPENINGS.find(([opening]) => opening.test(beginning));
  if (named) return named[1];
  if (!/Permission is hereby granted, free of charge/.test(beginning)) return undefined;
  if (/prominently display “MiniMax M2”/.test(beginning)) return "LicenseRef-MiniMax-M2-Modified-MIT";
  if (/claim ownership of the content you create with GPT-2/.test(beginning))
    return "LicenseRef-GPT-2-Modified-MIT";
  return "MIT";
}

/** The licence in the front matter of a model card: `license`, or `license_name` where that is "other". */
export function licenceOfCard(card: string): string | undefined {
  const [, matter] = /^---\r?\n([\s\S]{0,65536}?)\r?\n---/.exec(card) ?? [];
  const value = (key: string) =>
    matter === undefined
      ? undefined
      : new RegExp(`^${key}:[ \\t]*["']?([^"'\\r\\n#]+)`, "m").exec(matter)?.[1].trim();
  const tag = value("license");
  const name = value("license_name");
  return tag === "other" && name !== undefined ? name : tag;
}
