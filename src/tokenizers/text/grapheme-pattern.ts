// The pattern of an extended grapheme cluster, which Oniguruma writes \X.

// The classes of UAX 29, table 2, for which JavaScript has no names.
const PREPEND =
  "\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u0d4e\\u{110bd}\\u{110cd}\\u{111c2}\\u{111c3}\\u{113d1}\\u{1193f}\\u{11941}" +
  "\\u{11a3a}\\u{11a84}-\\u{11a89}\\u{11d46}\\u{11f02}";
const NO_SPACING_MARK =
  "\\u102b\\u102c\\u1038\\u1062-\\u1064\\u1067-\\u106d\\u1083\\u1087-\\u108c\\u108f\\u109a-\\u109c\\u1a61\\u1a63\\u1a64" +
  "\\uaa7b\\uaa7d\\u{11720}\\u{11721}";
const EXTEND = "[\\p{Grapheme_Extend}\\p{Emoji_Modifier}\\u200d]";
const FOLLOWING = `[${EXTEND}[[\\p{Mc}\\u0e33\\u0eb3]--[${NO_SPACING_MARK}]]]`;
const CONTROL =
  "[[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cf}\\p{Cs}[\\p{Default_Ignorable_Code_Point}&&\\p{Cn}]]--" +
  `[${EXTEND}\\u200c${PREPEND}]]`;

// Hangul: leading consonants, vowels, trailing consonants, and syllables without and with a trailing one.
const L = "[\\u1100-\\u115f\\ua960-\\ua97c]";
const V = "[\\u1160-\\u11a7\\ud7b0-\\ud7c6]";
const T = "[\\u11a8-\\u11ff\\ud7cb-\\ud7fb]";
const LV = `[${String.fromCharCode(...Array.from({ length: 399 }, (_, i) => 0xac00 + 28 * i))}]`;
const LVT = `[[\\uac00-\\ud7a3]--${LV}]`;
const SYLLABLE = `(?:${L}*(?:(?:${LV}|${V})${V}*|${LVT})${T}*|${L}+|${T}+)`;

const FLAG = "\\p{Regional_Indicator}\\p{Regional_Indicator}";
const EMOJI = `\\p{Extended_Pictographic}(?:${EXTEND}*\\u200d\\p{Extended_Pictographic})*`;

/** The pattern, to be matched without going back. */
export const GRAPHEME = `\\u{d}\\u{a}|${CONTROL}|[${PREPEND}]*(?:${SYLLABLE}|${FLAG}|${EMOJI}|[^${CONTROL}])${FOLLOWING}*`;
