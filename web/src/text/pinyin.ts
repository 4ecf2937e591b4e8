// How Chinese is read aloud: the syllable of each character, by pinyin-pro.
import { pinyin } from "pinyin-pro";

const isHan = /\p{Script=Han}/u;

/** The syllable of each character of a clause, in its words; "" for marks. */
export function readAloud(clause: string): { character: string; syllable: string }[] {
  const syllables = pinyin(clause, { type: "array", toneType: "symbol" });
  return [...clause].map((character, at) => ({
    character,
    syllable: isHan.test(character) ? (syllables[at] ?? "") : "",
  }));
}
