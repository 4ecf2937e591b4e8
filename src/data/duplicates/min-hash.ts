// MinHash: signatures of sets by bands, of which similar sets share one (Broder 1997).
import { createRandom } from "../../random.ts";
import { mix } from "../units.ts";

/** How signatures are cut; FineWeb's are 14 bands of 8 rows. */
export interface Bands {
  readonly bands: number;
  readonly rows: number;
}

/** FineWeb's: a pair of Jaccard 0.8 shares a band with probability 0.92, one of 0.95 always. */
export const FINEWEB_BANDS: Bands = { bands: 14, rows: 8 };

/** Gives a set's signature, one hash of 53 bits a band: two sets may be similar where one of them is equal. */
export type Signer = (shingles: Float64Array) => Float64Array;

/** Makes a signer; the same for everyone, whose hash functions come from `seed`. */
export function createSigner({ bands, rows }: Bands = FINEWEB_BANDS, seed = 1): Signer {
  const random = createRandom(seed);
  const hashes = bands * rows;
  const factors = Int32Array.from({ length: hashes }, () => random.integer(2 ** 32) | 1);
  const offsets = Int32Array.from({ length: hashes }, () => random.integer(2 ** 32));
  const least = new Uint32Array(hashes);
  return (shingles) => {
    least.fill(0xffff_ffff);
    for (const shingle of shingles) {
      const low = (shingle % 0x1_0000_0000) | 0;
      for (let i = 0; i < hashes; i++) {
        let hash = Math.imul(low ^ offsets[i], factors[i]);
        hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
        hash = (hash ^ (hash >>> 13)) >>> 0;
        if (hash < least[i]) least[i] = hash;
      }
    }
    const signature = new Float64Array(bands);
    for (let band = 0; band < bands; band++) {
      let [high, low] = [band + 1, 0x9e3779b9];
      for (let i = band * rows; i < (band + 1) * rows; i++) {
        high = mix(high ^ least[i]);
        low = mix(Math.imul(low, 0x01000193) ^ least[i]);
      }
      signature[band] = (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
    }
    return signature;
  };
}
