// Numbers in words: Chinese numerals (三十一, 一万二千, 百分之五) and English ones (twenty-one, two thirds).

const DIGITS = new Map([..."〇零一二三四五六七八九"].map((digit, at) => [digit, Math.max(0, at - 1)]));
DIGITS.set("两", 2);
const SMALL: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1000 };
const LARGE: Readonly<Record<string, number>> = { 万: 1e4, 亿: 1e8, 兆: 1e12 };

export const HAN = "[〇零一二两三四五六七八九十百千万亿]";

/** 一万二千, 二〇二六, 三点五. Nothing for what is no number. */
export function readHan(text: string): number | undefined {
  const [whole, fraction] = text.split("点");
  const digitsOf = (digits: string): string | undefined => {
    const values = [...digits].map((digit) => DIGITS.get(digit));
    return values.includes(undefined) ? undefined : values.join("");
  };
  const places = fraction === undefined ? "" : digitsOf(fraction);
  if (places === undefined || fraction === "") return undefined;
  const value = digitsOf(whole) ?? wholeOf(whole);
  return value === undefined ? undefined : Number(places === "" ? value : `${value}.${places}`);
}

function wholeOf(text: string): number | undefined {
  let [total, section, digit] = [0, 0, 0];
  let last = 1;
  for (const sign of text) {
    const value = DIGITS.get(sign);
    if (value !== undefined) {
      digit = value;
      if (value === 0) last = 1;
    } else if (SMALL[sign]) {
      section += (digit || 1) * SMALL[sign];
      [digit, last] = [0, SMALL[sign]];
    } else if (LARGE[sign]) {
      total = (total + section + digit) * (LARGE[sign] > total ? LARGE[sign] : 1) || LARGE[sign];
      [section, digit, last] = [0, 0, LARGE[sign]];
    } else return undefined;
  }
  return total + section + digit * (last > 10 ? last / 10 : 1); // 两万五: 25,000
}

/** 万, 千万, 百亿: what a number before it is multiplied with. */
export const readMultiplier = (text: string): number =>
  [...text].reduce((product, sign) => product * (SMALL[sign] ?? LARGE[sign] ?? 1), 1);

const UNITS = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
  "seventeen eighteen nineteen"
).split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const ENGLISH = new Map<string, number>([
  ...UNITS.map((word, at): [string, number] => [word, at]),
  ...TENS.map((word, at): [string, number] => [word, 20 + 10 * at]),
  ["dozen", 12],
]);
export const SCALES: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1000,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};
const FRACTIONS: Readonly<Record<string, number>> = {
  half: 2,
  third: 3,
  thirds: 3,
  quarter: 4,
  quarters: 4,
  fifth: 5,
  fifths: 5,
  tenth: 10,
  tenths: 10,
};
const WORD = [...ENGLISH.keys(), ...Object.keys(SCALES)].join("|");

/** A number in English words: "twenty-one", "two hundred and five", "three quarters", "half". */
export const ENGLISH_NUMBER = new RegExp(
  `^(?:(?:one in (?:two|three|four|five|six|seven|eight|nine|ten|twenty))|(?:(?:one|two|three|four|a) (?:${Object.keys(FRACTIONS).join("|")})|half|halved|doubled?|twice|tripled?)|(?:${WORD})(?:(?:[\\s-]|\\sand\\s)(?:${WORD}))*)(?![\\p{L}])`,
  "iu",
);

export function readEnglish(text: string): number | undefined {
  const words = text.toLowerCase().split(/[\s-]+/);
  const [first, second] = words;
  if (/^(?:half|halved)$/.test(text.toLowerCase())) return 0.5;
  if (/^(?:double|twice)/i.test(text)) return 2;
  if (/^triple/i.test(text)) return 3;
  if (second === "in") return 1 / (ENGLISH.get(words[2]) ?? 1);
  if (words.length === 2 && FRACTIONS[second])
    return (first === "a" ? 1 : (ENGLISH.get(first) ?? 1)) / FRACTIONS[second];
  let [total, section] = [0, 0];
  for (const word of words) {
    const value = ENGLISH.get(word);
    if (value !== undefined) section = word === "dozen" ? Math.max(1, section) * value : section + value;
    else if (word === "hundred") section = Math.max(1, section) * 100;
    else if (SCALES[word]) {
      total += Math.max(1, section) * SCALES[word];
      section = 0;
    } else if (word !== "and") return undefined;
  }
  return total + section;
}
