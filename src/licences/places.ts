// Which places are in the European Union, and which a question names.

/** Members by ISO 3166-1 code. */
const EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

/** Whether a place, "EU" or a country's code, is in the Union; undefined where it cannot be told. */
export function isInEu(place: string | undefined): boolean | undefined {
  const code = place?.trim().toUpperCase();
  if (code === undefined) return undefined;
  if (code === "EU" || EU.includes(code)) return true;
  return /^[A-Z]{2}$/.test(code) ? false : undefined;
}

/** Codes of places that questions name, with their people. */
const PEOPLE: Readonly<Record<string, string>> = {
  EU: "EU|European Union|Europeans?|German|French|Italian|Spanish|Dutch|Polish|Irish|Swedish|Austrian|Belgian|Danish|Finnish|Portuguese|Greek|Czech|Hungarian|Romanian",
  US: "US|USA|U\\.S\\.|United States|American",
  CN: "China|Chinese (?:company|start-?up|firm)",
};
const PEOPLE_ZH: Readonly<Record<string, string>> = { EU: "欧盟", US: "美国", CN: "中国" };
/** What takes a place back: "outside the EU", "not an EU company". */
const NOT = "(?<!\\b(?:outside|beyond|not in|not based in|not from|not)(?: of)?(?: an?| the)? )";
const NOT_ZH = "(?<!不在|非|不是|并非)";

/** By place, the words that name it, members of the Union in English and in Chinese. */
const named = (): ReadonlyMap<string, RegExp> => {
  const [english, chinese] = ["en", "zh"].map((language) => {
    const names = new Intl.DisplayNames(language, { type: "region" });
    return EU.map((code) => names.of(code)).join("|");
  });
  const places = Object.keys(PEOPLE).map((place): [string, RegExp] => {
    const [en, zh] = place === "EU" ? [`|${english}`, `|${chinese}`] : ["", ""];
    return [
      place,
      new RegExp(
        `${NOT}\\b(?:${PEOPLE[place]}${en})(?![A-Za-z])|${NOT_ZH}(?:${PEOPLE_ZH[place]}${zh})(?!以外|之外)`,
      ),
    ];
  });
  return new Map(places);
};

/** The place that a question names: "EU", "US" or "CN"; undefined for none, and for more than one. */
export function placeIn(text: string): string | undefined {
  const found = Array.from(named()).filter(([, words]) => words.test(text));
  return found.length === 1 ? found[0][0] : undefined;
}
