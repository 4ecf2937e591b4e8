// Token ids are checked before they reach the kernels.
import { BaimoError } from "../errors.ts";

/** Refuses ids outside the vocabulary. @throws {BaimoError} `request` */
export function checkTokens(tokens: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const id = tokens[i];
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new BaimoError("request", `token ${i} is ${id}, but ids go from 0 to ${vocabSize - 1}`);
    }
  }
}
