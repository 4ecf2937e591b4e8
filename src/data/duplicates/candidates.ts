// Pairs of documents that may be similar: those that share a band of their signatures.
import { FINEWEB_BANDS } from "./min-hash.ts";

/** Signatures of many documents in one array that grows. */
export interface SignatureStore {
  readonly count: number;
  /** Adds a document's; an empty one for what is like no other. */
  add(bands: Float64Array): void;
  /** By the later document of each pair, the earlier ones. */
  pairs(): Map<number, number[]>;
}

/** Of documents that all share a band, each is compared with so many before it: enough to join them, and no more. */
const MOST_BEFORE = 64;
const NOTHING = -1;

/** Makes an empty store. */
export function createSignatureStore(bands = FINEWEB_BANDS.bands): SignatureStore {
  let values = new Float64Array(bands << 10);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(signature) {
      if ((count + 1) * bands > values.length) {
        const bigger = new Float64Array(values.length * 2);
        bigger.set(values);
        values = bigger;
      }
      const at = count++ * bands;
      if (signature.length === 0) values.fill(NOTHING, at, at + bands);
      else values.set(signature, at);
    },
    pairs() {
      const found = new Map<number, number[]>();
      const previous = new Int32Array(count); // the document before that has the same band
      for (let band = 0; band < bands; band++) {
        const last = new Map<number, number>();
        for (let document = 0; document < count; document++) {
          const hash = values[document * bands + band];
          if (hash === NOTHING) continue;
          previous[document] = last.get(hash) ?? NOTHING;
          last.set(hash, document);
          let before = previous[document];
          for (let i = 0; i < MOST_BEFORE && before !== NOTHING; i++, before = previous[before]) {
            const partners = found.get(document);
            if (!partners) found.set(document, [before]);
            else if (!partners.includes(before)) partners.push(before);
          }
        }
      }
      return found;
    },
  };
}
