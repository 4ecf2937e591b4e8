// A set of characters that asks for each once: lookups by code unit in a table.

/** The width in code units of the character at a place where it is in the set, else 0. */
export type CharacterSet = (text: string, at: number) => number;

const UNTRIED = 0;
const OUTSIDE = 1;
const INSIDE = 2;
/** Half of a character beyond the basic plane, or a half alone. */
const HALF = 3;
const MAX_BEYOND = 1000;

/** Makes the set of the characters for which `isInside` holds. */
export function createCharacterSet(isInside: (character: string) => boolean): CharacterSet {
  const units = new Uint8Array(0x10000).fill(HALF, 0xd800, 0xe000);
  const beyond = new Map<number, boolean>();
  const slowWidth: CharacterSet = (text, at) => {
    const point = text.codePointAt(at) as number;
    const character = String.fromCodePoint(point);
    if (units[text.charCodeAt(at)] === UNTRIED) {
      units[point] = isInside(character) ? INSIDE : OUTSIDE;
      return units[point] - OUTSIDE;
    }
    let inside = beyond.get(point);
    if (inside === undefined) {
      inside = isInside(character);
      if (beyond.size >= MAX_BEYOND) beyond.clear();
      beyond.set(point, inside);
    }
    return inside ? character.length : 0;
  };
  return (text, at) => {
    const state = units[text.charCodeAt(at)];
    return state === INSIDE ? 1 : state === OUTSIDE ? 0 : slowWidth(text, at);
  };
}
