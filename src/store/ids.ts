// Ids of what is stored: random, so that nobody guesses another's.
import { toBase64Url } from "../base64.ts";

/** 16 characters of A-Z, a-z, 0-9, - and _: 96 random bits. */
export function newId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(12)));
}
