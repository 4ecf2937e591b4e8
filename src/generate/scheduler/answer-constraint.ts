// The constraints of answers while they are written; compiled once for a vocabulary.
import { ConstraintCompiler, type ConstraintState } from "../constrain/constraint.ts";
import type { GivenConstraint } from "../protocol.ts";
import { openVocabulary } from "../vocabulary.ts";

/** Compiles constraints for the model's vocabulary, which comes with the first request that has one. */
export class Constraints {
  #compiler: ConstraintCompiler | undefined;

  /** @throws {BaimoError} `request` for what cannot be enforced */
  begin({ spec, vocabulary: packed, languages }: GivenConstraint): AnswerConstraint {
    const vocabulary = openVocabulary(packed);
    this.#compiler ??= new ConstraintCompiler(vocabulary);
    return new AnswerConstraint(this.#compiler.compile(spec, languages).start(), vocabulary.size);
  }

  /** Makes masks beforehand for so many milliseconds. */
  prepare(milliseconds: number): void {
    this.#compiler?.prepare(milliseconds);
  }
}

/** Where one answer stands. */
export class AnswerConstraint {
  readonly #state: ConstraintState;
  /** A bit for each id. */
  readonly #mask: Uint32Array;

  constructor(state: ConstraintState, vocabSize: number) {
    this.#state = state;
    this.#mask = new Uint32Array(Math.ceil(vocabSize / 32));
  }

  /** The tokens that may come, a bit for each id. @throws {BaimoError} `request` where no token spells what must come */
  allowed(): Uint32Array {
    this.#state.mask(this.#mask);
    return this.#mask;
  }

  /** Goes on by a token that may come. True when nothing may follow. */
  endsWith(id: number): boolean {
    if (!this.#state.accept(id)) throw new Error(`token ${id} came against the constraint of its answer`);
    return this.#state.isFinal;
  }
}
