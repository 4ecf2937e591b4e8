// The characters that only simplified, or only traditional Chinese writes, from two character sets.

/** The characters of an encoding of two bytes, lead bytes from `first` to `last`. */
function charactersOf(encoding: string, first: number, last: number): Set<string> {
  const decoder = new TextDecoder(encoding);
  const found = new Set<string>();
  for (let lead = first; lead <= last; lead++)
    for (let trail = 0x40; trail < 0xff; trail++) {
      const text = decoder.decode(Uint8Array.of(lead, trail));
      if (/^\p{Script=Han}$/u.test(text)) found.add(text);
    }
  return found;
}

/** Of which kind a character is; the others serve both. */
export interface HanForms {
  isSimplified(character: string): boolean;
  isTraditional(character: string): boolean;
}

let known: HanForms | undefined; // constant data, made when first asked for (about 10 ms)

/**
 * Simplified are the frequent characters of GB 2312 (its first level) that Big5 does not have; traditional are the
 * frequent ones of Big5 that GB 2312 does not have.
 */
export function hanForms(): HanForms {
  if (known) return known;
  const [gb, big5] = [charactersOf("gbk", 0xb0, 0xf7), charactersOf("big5", 0xa4, 0xf9)];
  const simplified = charactersOf("gbk", 0xb0, 0xd7);
  const traditional = charactersOf("big5", 0xa4, 0xc6);
  known = {
    isSimplified: (character) => simplified.has(character) && !big5.has(character),
    isTraditional: (character) => traditional.has(character) && !gb.has(character),
  };
  return known;
}
