// Finds models and licences that a text names, and models that the catalogue does not have.

/** What a text calls a model or a licence, and the licence that it has: several with "|" where one holds and which is not said. */
export interface NamedLicence {
  readonly name: string;
  readonly licence: string;
}

/** Names so short are also words, or parts of words, in small letters. */
const SHORT = 3;

/** A version behind a name, which is none of its sizes, and no count of people or money. */
const VERSION =
  /^[ _-]?\d(?:\.\d+)*(?![\d.,]*\s*(?:[BMKbmk](?![a-z])|x\d|%|万|亿|千|百|million|billion|thousand|users|customers|people|employees|years|days|个|名|人|位|年|天|次))(?!\d|,\d)[a-z]?(?![A-Za-z])/;
/** What follows a model's name without making another model of it: size, training stage, file type, number of a version. */
const SAME_WORDS =
  /[ _-](?:\d+(?:\.\d+)?(?:x\d+)?[BMK](?![A-Za-z0-9])|A\d+B|v\d|Instruct|Chat|Base|IT\b|PT\b|HF\b|GGUF|MLX|AWQ|GPTQ|EXL2|ONNX|FP?\d|BF16|INT\d|IQ\d|Q\d|LoRA|Thinking|Preview|Python|Lite|API|SaaS|Vision|Licen[cs]e|Community)/;
const SAME = new RegExp(`^${SAME_WORDS.source}`, "i");
/** A model that was found (X0, X1, …), with all that follows it so. */
export const SUFFIXES = new RegExp(`X\\d+(?:${SAME_WORDS.source}(?![a-z]))*`, "gi");
/** What follows with a space and does make another model of it. */
const KIND =
  /^ (?:Large|Small|Medium|Nemo|Saba|Coder|Code|Math|VL|Omni|Audio|Image|Guard|Embed\w*|Rerank\w*|Mamba|R1|Max|Plus|Turbo|Next|Scout|Maverick)\b/;
/** Models of others, which a question may well name beside those of the catalogue. */
const OTHERS =
  /(?<![A-Za-z0-9])(?:Codestral|Pixtral|Magistral|Devstral|Mistral[- ]?(?:Large|Small|Medium|Nemo)|Stable ?(?:LM|Diffusion|Code)\w*|FLUX(?:\.1)?|Kimi(?:[- ]K\d)?|Moonshot|Hunyuan|MiniCPM|ChatGLM\d?|CogVLM|Vicuna|Alpaca|Aya|Nemotron|Jamba|Gemini|PaLM|InternVL|LLaVA|TinyLlama|WizardLM|Zephyr|OpenHermes|Hermes|Dolphin|Orca|Aquila\d?|Skywork|Yuan|XVERSE|TeleChat|Step|Solar|RWKV|Mamba|Whisper|Phi-[124]|StarCoder|SantaCoder|CodeGen\d?|CodeGeeX\d?|Pythia|Cerebras-GPT|RedPajama|OpenLLaMA|Dolly|StableLM|Arctic|Inflection|Reka|混元|文心一言|文心|豆包|月之暗面|智谱|星火)(?:[- ]?\d+(?:\.\d+)?[BM]?)?(?![A-Za-z0-9])/g;
/** A name with a size, as models have it: Tiger-7B. */
const SIZED =
  /(?<![A-Za-z0-9-])[A-Z][A-Za-z]{2,}(?:[- ]?\d(?:\.\d+)?)?(?:-[A-Za-z]+)*-\d+(?:\.\d+)?[BM](?![A-Za-z0-9])/g;

/** Chinese names, as the catalogue has them. */
const CHINESE: readonly (readonly [RegExp, string])[] = [
  [/通义千问|千问/g, "Qwen"],
  [/百川/g, "Baichuan"],
  [/书生(?:·?浦语)?/g, "InternLM"],
  [/羊驼/g, "Llama"],
];

/** A text with the Chinese names of models as the catalogue has them. */
export const inEnglish = (text: string): string =>
  CHINESE.reduce((left, [words, name]) => left.replace(words, name), text);

/**
 * What is named in a text, in its order; of two names that overlap the longer counts. A model that the catalogue does not have,
 * also one that only begins like one of its names (Llama 9, Qwen2.5-VL), has its own name for a licence: nobody knows its terms.
 */
export function findNames(text: string, names: readonly NamedLicence[]): NamedLicence[] {
  let rest = inEnglish(text);
  const found: { at: number; name: string; licence: string }[] = [];
  const take = (at: number, name: string, licence: string) => {
    found.push({ at, name, licence });
    rest = rest.slice(0, at) + " ".repeat(name.length) + rest.slice(at + name.length);
  };
  const takeUnknown = (at: number, name: string) => take(at, name, name);
  const longest = [...names].sort((one, other) => other.name.length - one.name.length);
  for (const { name, licence } of longest) {
    const match = patternOf(name).exec(rest);
    if (!match) continue;
    const end = match.index + match[0].length;
    const other = otherModel(rest.slice(0, match.index), rest.slice(end));
    if (other === undefined) take(match.index, match[0], licence);
    else takeUnknown(match.index - other.before.length, other.before + match[0] + other.after);
  }
  for (const pattern of [OTHERS, SIZED])
    for (const match of rest.matchAll(pattern)) takeUnknown(match.index, match[0]);
  found.sort((one, other) => one.at - other.at);
  return found.map(({ name, licence }) => ({ name, licence }));
}

function patternOf(name: string): RegExp {
  const escaped = name
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/\\.0(?=$| )/, "(?:\\.0)?")
    .replace(/[ -]+/g, "[ _-]?")
    .replace(/([A-Za-z])(?=\d)/g, "$1[ _-]?");
  const whole = `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9]|\\.\\d)`;
  return new RegExp(whole, name.length > SHORT ? "i" : "");
}

/** What stands around a name of the catalogue and makes another model's name of it; undefined where nothing does. */
function otherModel(before: string, after: string): { before: string; after: string } | undefined {
  const maker = /(?<![A-Za-z0-9])(?!Meta-)[A-Z][A-Za-z0-9.]+-$/.exec(before)?.[0] ?? "";
  const rest = SAME.test(after)
    ? ""
    : (VERSION.exec(after) ?? KIND.exec(after) ?? /^-[A-Z][A-Za-z0-9.]*(?:-[A-Za-z0-9.]+)*/.exec(after))?.[0];
  return maker === "" && !rest ? undefined : { before: maker, after: rest ?? "" };
}
