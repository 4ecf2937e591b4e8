// Normal forms of long runs of marks: the runtime's own results, in time that grows with the text.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertLinear } from "../../../test/processor-time.ts";
import { createRandom } from "../../random.ts";
import { type NormalForm, toNormalForm } from "./normal-forms.ts";

const FORMS: readonly NormalForm[] = ["NFC", "NFD", "NFKC", "NFKD"];
const SEED = 20_262;
/** Marks of many classes, marks without one, what decomposes to marks, what composes, and plain text. */
const PARTS = [
  ..."\u0301\u0316\u0334\u0345\u0308\u0344\u0300\u0327\u0328\u031b\u0323\u0302\u3099\u309a\uff9e\uff9f\u05b0\u05c1\u064b\u0651",
  ..."\u0f73\u0f71\u0f72\u094d\u093c\u09c7\u09be\u0dd9\u0dcf\u0dca\u0bd7\u034f\u20dd\u{1d165}\u{1d16d}\u{110ba}\u0e38\u0e48",
  ..."aeoK\u212b\u00e9\u1ec7\u0b92\u30ab\u1100\u1161\u11a8\uac00\u0958\ufb1f\ufdfa\u00a8\u{110b9}\u{1109b}😀",
];

describe("normal forms", () => {
  it("are the runtime's own", () => {
    const random = createRandom(SEED);
    for (let n = 0; n < 1500; n++) {
      let text = "";
      for (let runs = 1 + random.integer(3); runs > 0; runs--) {
        const few = 1 + random.integer(PARTS.length - 1);
        const first = random.integer(PARTS.length - few + 1);
        for (let i = random.integer(200); i > 0; i--) text += PARTS[first + random.integer(few)];
        for (let i = random.integer(4); i > 0; i--) text += PARTS[38 + random.integer(PARTS.length - 38)];
      }
      for (const form of FORMS) {
        assert.equal(toNormalForm(text, form), text.normalize(form), `seed ${SEED}, ${n}: ${escape(text)}`);
      }
    }
  });

  for (const form of FORMS) {
    it(`${form} of mixed marks takes time that grows with the text`, () => {
      assertLinear((n) => toNormalForm(`a${"\u0301\u0316".repeat(n)}`, form), 40_000);
    });
  }
});
