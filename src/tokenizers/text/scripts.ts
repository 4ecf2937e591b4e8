// Pieces of one script: the UnicodeScripts pre-tokenizer.

import type { Matches } from "./class-patterns.ts";

/** The scripts of Unicode 17, the commonest first. */
const NAMES =
  "Latin Common Han Inherited Cyrillic Hangul Hiragana Katakana Arabic Devanagari Greek Hebrew Thai Adlam Ahom " +
  "Anatolian_Hieroglyphs Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Beria_Erfe Bhaiksuki Bopomofo Brahmi Braille " +
  "Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian Coptic Cuneiform Cypriot " +
  "Cypro_Minoan Deseret Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Garay Georgian Glagolitic " +
  "Gothic Grantha Gujarati Gunjala_Gondi Gurmukhi Gurung_Khema Hanifi_Rohingya Hanunoo Hatran Imperial_Aramaic " +
  "Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer " +
  "Khojki Khudawadi Kirat_Rai Lao Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic " +
  "Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi " +
  "Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham " +
  "Ol_Chiki Ol_Onal Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian " +
  "Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang " +
  "Runic Samaritan Saurashtra Sharada Shavian Siddham Sidetic SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese " +
  "Sunuwar Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tai_Yo Takri Tamil Tangsa Tangut Telugu Thaana " +
  "Tibetan Tifinagh Tirhuta Todhri Tolong_Siki Toto Tulu_Tigalari Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi " +
  "Zanabazar_Square";

/** What has no script, and the space: it goes with what stands before it. */
const ANY = -1;
const UNTRIED = -2;

/**
 * Makes the matcher: runs of one script, kana counting as Han. A space and what Unicode does not assign belong to the run
 * before them; at the beginning of a text they are left out (tokenizers, unicode_scripts/pre_tokenizer.rs).
 */
export function createScriptMatches(): Matches {
  const scripts = NAMES.split(" ").flatMap((name) => {
    try {
      return [{ name, test: new RegExp(`\\p{Script=${name}}`, "u") }];
    } catch {
      return []; // of a later Unicode than the runtime's
    }
  });
  const han = scripts.findIndex(({ name }) => name === "Han");
  const units = new Int16Array(0x10000).fill(UNTRIED);
  const find = (point: number): number => {
    const character = String.fromCodePoint(point);
    if (character === " ") return ANY;
    if (character === "ー") return han;
    const script = scripts.findIndex(({ test }) => test.test(character));
    const isKana = script >= 0 && /kana$|^Hira/.test(scripts[script].name);
    return isKana ? han : script;
  };
  const scriptOf = (point: number): number => {
    if (point > 0xffff) return find(point);
    if (units[point] === UNTRIED) units[point] = find(point);
    return units[point];
  };

  return (text, start, end, onMatch) => {
    let from = -1; // where the run begins
    let last = ANY;
    for (let at = start; at < end; ) {
      const point = text.codePointAt(at) as number;
      const script = scriptOf(point);
      if (script !== ANY && script !== last) {
        if (from >= 0) onMatch(from, at);
        from = at;
        last = script;
      }
      at += point > 0xffff && at + 1 < end ? 2 : 1;
    }
    if (from >= 0) onMatch(from, end);
  };
}
