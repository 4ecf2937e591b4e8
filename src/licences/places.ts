// Places by name and by code: which are in the European Union, and which one a question is about.

/** Members by ISO 3166-1 code. */
const EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

/** What places are called besides their names, English and Chinese, by code. */
const ALSO: Readonly<Record<string, string>> = {
  EU: "EU|欧盟",
  AT: "Vienna|维也纳",
  BE: "Brussels|布鲁塞尔",
  CZ: "Czech Republic|Prague|布拉格",
  DE: "Berlin|Munich|Hamburg|Frankfurt|柏林|慕尼黑|汉堡",
  DK: "Copenhagen|哥本哈根",
  ES: "Madrid|Barcelona|马德里|巴塞罗那",
  FI: "Helsinki|赫尔辛基",
  FR: "Paris|Lyon|巴黎|里昂",
  GR: "Athens|雅典",
  HU: "Budapest|布达佩斯",
  IE: "Dublin|都柏林",
  IT: "Rome|Milan|Turin|罗马|米兰",
  NL: "Holland|Amsterdam|阿姆斯特丹",
  PL: "Warsaw|华沙",
  PT: "Lisbon|里斯本",
  RO: "Bucharest",
  SE: "Stockholm|斯德哥尔摩",
  AU: "Sydney|Melbourne|悉尼",
  CA: "Toronto|Montreal|Vancouver|多伦多",
  CH: "Zurich|Geneva|苏黎世|日内瓦",
  CN: "PRC|Beijing|Shanghai|Shenzhen|Hangzhou|Guangzhou|中国大陆|北京|上海|深圳|杭州|广州",
  GB: "UK|U.K.|Great Britain|Britain|England|Scotland|Wales|London|伦敦|英格兰",
  HK: "Hong Kong|香港",
  JP: "Tokyo|Osaka|东京",
  KR: "Korea|Seoul|首尔",
  TR: "Turkey",
  TW: "Taipei|台北",
  US: "USA|US|U.S.A.|U.S.|America|California|New York|San Francisco|Seattle|Texas|Boston|纽约|旧金山",
};
/** Who lives there, of whom a company may be: "a German start-up". */
const PEOPLE: Readonly<Record<string, string>> = {
  EU: "European",
  AT: "Austrian",
  BE: "Belgian",
  BG: "Bulgarian",
  CZ: "Czech",
  DE: "German",
  DK: "Danish",
  EE: "Estonian",
  ES: "Spanish",
  FI: "Finnish",
  FR: "French",
  GR: "Greek",
  HR: "Croatian",
  HU: "Hungarian",
  IE: "Irish",
  IT: "Italian",
  LT: "Lithuanian",
  LV: "Latvian",
  NL: "Dutch",
  PL: "Polish",
  PT: "Portuguese",
  RO: "Romanian",
  SE: "Swedish",
  SI: "Slovenian",
  SK: "Slovak",
  AU: "Australian",
  BR: "Brazilian",
  CA: "Canadian",
  CH: "Swiss",
  CN: "Chinese",
  GB: "British|English",
  IL: "Israeli",
  IN: "Indian",
  JP: "Japanese",
  KR: "Korean",
  NO: "Norwegian",
  RU: "Russian",
  TR: "Turkish",
  UA: "Ukrainian",
  US: "American",
};
/** Whose home, or place of business, a people's name tells. */
const ORGANISATION =
  "(?: [A-Za-z-]+){0,2} (?:company|companies|start-?ups?|firms?|business(?:es)?|banks?|agency|freelancer|citizen|resident|person|individual|developer|shop|insurer|university|school)\\b";
/** What belongs to who asks and may lie elsewhere: no principal place of business. */
const PART =
  "(?:subsidiar(?:y|ies)|branch(?:es)?|affiliates?|customers?|clients?|users?|markets?|(?<!head )offices?|teams?|employees?|shareholders?|investors?|partners?)";
const PART_ZH = "(?:子公司|分公司|分部|关联公司|客户|用户|市场|办事处|团队|员工|股东|投资人)";
/** What takes a place back: "outside the EU", "not an EU company". */
const NOT = "(?<!\\b(?:outside|beyond|not in|not based in|not from|not)(?: of)?(?: an?| the)? )";
const NOT_ZH = "(?<!不在|非|不是|并非)";
const HAN = /\p{Script=Han}/u;
const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

interface Place {
  readonly code: string;
  readonly names: readonly string[];
}

/** Every place that there is. */
function everyPlace(): Place[] {
  const letters = Array.from({ length: 26 }, (_, at) => String.fromCharCode(65 + at));
  const [en, zh] = ["en", "zh"].map(
    (language) => new Intl.DisplayNames(language, { type: "region", fallback: "none" }),
  );
  return letters
    .flatMap((one) => letters.map((other) => one + other))
    .filter((code) => en.of(code) !== undefined && new Intl.Locale(`und-${code}`).region === code) // DD is withdrawn
    .map((code) => ({
      code,
      names: [en.of(code) ?? "", zh.of(code) ?? "", ...(ALSO[code]?.split("|") ?? [])],
    }));
}
const PLACES: readonly Place[] = everyPlace();

/** Whether a place, "EU" or a country's code, is in the Union; undefined where none is said. */
export function isInEu(code: string | undefined): boolean | undefined {
  return code === undefined ? undefined : code === "EU" || EU.includes(code);
}

/** The code of a place, by its code or a name of it in English or Chinese; undefined for what is none. */
export function placeOf(text: string): string | undefined {
  const wanted = text.trim().toLowerCase();
  const names = [wanted, wanted.replace(/^the /, "")];
  const found =
    PLACES.find(({ code }) => code.toLowerCase() === wanted) ??
    PLACES.find((place) => place.names.some((name) => names.includes(name.toLowerCase())));
  return found?.code;
}

/**
 * The one place that a question is about, and the text without it. Several places, and those of a part ("a French subsidiary"), stay
 * in the text.
 */
export function placeIn(text: string): { place?: string; rest: string } {
  const found: string[] = [];
  let rest = text;
  for (const { code, names } of PLACES) {
    const people = (PEOPLE[code] ?? "").split("|").filter(Boolean);
    if (![...names, ...people].some((name) => text.includes(name))) continue;
    const either = (all: readonly string[]) => all.map(escaped).join("|");
    const [en, zh] = [false, true].map((isChinese) => names.filter((name) => HAN.test(name) === isChinese));
    const ofPeople = people.length > 0 ? `|(?:${either(people)})(?=${ORGANISATION})` : "";
    const place = new RegExp(
      `${NOT}(?<!\\b${PART} (?:\\w+ )?(?:in|from|at|of) (?:the )?)(?<![A-Za-z-])(?:${either(en)}${ofPeople})(?![A-Za-z])(?!(?:-based)? ${PART}\\b)` +
        `|${NOT_ZH}(?<!${PART_ZH}在?)(?:${either(zh)})(?!以外|之外|的?${PART_ZH})`,
      "g",
    );
    if (!place.test(rest)) continue;
    found.push(code);
    rest = rest.replace(place, " ");
  }
  if (found.length === 1) return { place: found[0], rest };
  // Several members of the Union are one place for what licences ask.
  return found.length > 1 && found.every(isInEu) ? { place: "EU", rest } : { rest: text };
}
