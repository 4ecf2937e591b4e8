// A draft model beside a model: of the same vocabulary, asked what may follow.
import { BaimoError } from "../errors.ts";
import { type CheckpointInput, checkpointKind } from "../formats/checkpoint.ts";
import { grouped } from "../grouped.ts";
import type { Kind } from "../options.ts";
import type { AskDraft } from "./engine.ts";
import type { Model } from "./types.ts";

/** What `load` takes as a draft. */
export const draftKind: Kind<CheckpointInput | Model> = {
  kind: "draft",
  allowed: `${checkpointKind.allowed}, or a model that load opened`,
  read: (value, name, door) => (isModel(value) ? value : checkpointKind.read(value, name, door)),
};

/** Vocabularies of one family are filled up to different sizes: so many tokens at the end may be missing in one. */
const MOST_PADDING = 128;

/** Whether something is a model that runs, and no source of one. */
export function isModel(value: unknown): value is Model {
  const { complete, tokenizer, config } = (value ?? {}) as Partial<Model>;
  return typeof complete === "function" && tokenizer !== undefined && config !== undefined;
}

/**
 * Compares two vocabularies, token by token.
 * @throws {BaimoError} `request` where they differ, or where the draft cannot go on with a text
 */
export function checkDraft(draft: Model, target: Pick<Model, "name" | "config" | "tokenizer">): void {
  const fail = (text: string) =>
    new BaimoError("request", `${draft.name} cannot be the draft of ${target.name}: ${text}`, {
      option: "draft",
    });
  for (const { name, config } of [draft, target]) {
    if (config.encoderLayers > 0 || !config.languageHead) {
      throw fail(`${name} does not go on with a text; a draft is for models that do`);
    }
  }
  const [own, other] = [target.tokenizer, draft.tokenizer];
  const [least, most] = [own.vocabSize, other.vocabSize].sort((a, b) => a - b);
  const length = most - least > MOST_PADDING ? most : least;
  const shown = (token: string | undefined) => (token === undefined ? "nothing" : JSON.stringify(token));
  for (let id = 0; id < length; id++) {
    const [expected, found] = [own.idToToken(id), other.idToToken(id)];
    if (expected === found) continue;
    throw fail(
      `their vocabularies differ at token ${grouped(id)}, which is ${shown(expected)} and in the draft ${shown(found)}; ` +
        "take a smaller model of the same family",
    );
  }
}

/** Asks a draft for the tokens that it finds most likely. */
export function asksOf(draft: Pick<Model, "complete">): AskDraft {
  return async (tokens, count) => {
    const guessed: number[] = [];
    const options = { maxTokens: count, temperature: 0, ignoreEos: true, speculation: "off" } as const;
    for await (const event of draft.complete(Array.from(tokens), options)) {
      if (event.type === "text-delta") guessed.push(...event.tokens.map(({ id }) => id));
    }
    return guessed;
  };
}
