// What duplicates of a document are found by: the hash of its text, and its signature.
import { createHash } from "node:crypto";
import { createSigner } from "./min-hash.ts";
import { shinglesOf } from "./shingles.ts";

/** Of one document. */
export interface DocumentSignature {
  /** Half of the text's SHA-256, in hexadecimal digits. */
  readonly hash: string;
  /** One hash a band; none for a text that is too short to have shingles. */
  readonly bands: Float64Array;
}

/** Makes the function that signs texts. */
export function createDocumentSigner(): (text: string) => DocumentSignature {
  const sign = createSigner();
  return (text) => {
    const shingles = shinglesOf(text);
    return {
      hash: createHash("sha256").update(text).digest("hex").slice(0, 32),
      bands: shingles.length === 0 ? new Float64Array() : sign(shingles),
    };
  };
}
