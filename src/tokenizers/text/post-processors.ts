// The post-processors of tokenizer.json: which ids stand around a text.

import { BaimoError } from "../../errors.ts";
import { brief, listOf, recordOf, stringOf } from "../../json.ts";
import { tokenIdOf } from "../files/token-id.ts";
import { checkNesting } from "../limits.ts";

/** The ids added before and after a single text, and around a pair of texts where it is told. */
export interface Wrapping {
  before: number[];
  after: number[];
  pair?: PairWrapping;
}

/** The ids around two texts. */
export interface PairWrapping {
  readonly before: readonly number[];
  readonly between: readonly number[];
  readonly after: readonly number[];
  /** How many of those between are of the first text's type; undefined where all tokens are of one type. */
  readonly firstType?: number;
}

/**
 * Reads a `post_processor` of tokenizer.json.
 *
 * @throws {BaimoError} `format` naming a kind or a field that is not known
 */
export function readPostProcessor(json: unknown, where: string): Wrapping {
  checkNesting(json, "processors", where);
  const spec = recordOf(json, where);
  const type = stringOf(spec.type, `${where}.type`);
  switch (type) {
    case "ByteLevel":
      return { before: [], after: [] }; // concerns offsets only
    case "Sequence": {
      const all: Wrapping = { before: [], after: [] };
      listOf(spec.processors, `${where}.processors`).forEach((step, i) => {
        const { before, after, pair } = readPostProcessor(step, `${where}.processors[${i}]`);
        all.pair ??= pair;
        all.before.unshift(...before);
        all.after.push(...after);
      });
      return all;
    }
    case "BertProcessing":
    case "RobertaProcessing": {
      const id = (field: string) =>
        tokenIdOf(listOf(spec[field], `${where}.${field}`)[1], `${where}.${field}[1]`);
      const [cls, sep] = [id("cls"), id("sep")];
      const pair =
        type === "BertProcessing"
          ? { before: [cls], between: [sep], after: [sep], firstType: 1 }
          : { before: [cls], between: [sep, sep], after: [sep] };
      return { before: [cls], after: [sep], pair };
    }
    case "TemplateProcessing":
      return readTemplate(spec, where);
    default:
      throw new BaimoError(
        "format",
        `${where}: post-processor of type ${JSON.stringify(type)} is not known; the tokenizer cannot be used`,
      );
  }
}

function readTemplate(spec: Record<string, unknown>, where: string): Wrapping {
  const single = readPieces(spec, "single", where);
  const [before, after, ...more] = single.around;
  if (after === undefined) throw new BaimoError("format", `${where}.single does not contain the text`);
  if (more.length > 0)
    throw new BaimoError("format", `${where}.single: the text stands in the template more than once`);
  const wrapping: Wrapping = { before: before.map(({ id }) => id), after: after.map(({ id }) => id) };
  const pair = spec.pair === undefined || spec.pair === null ? undefined : readPieces(spec, "pair", where);
  // Other templates of pairs turn the texts round; nobody who asks for one text meets them.
  if (pair?.texts.join() !== "A,B") return wrapping;
  const [start, between, end] = pair.around.map((ids) => ids.map(({ id }) => id));
  const types = pair.around[1].map(({ type }) => type);
  const firstType = pair.types[1] === 0 ? undefined : types.filter((type) => type === 0).length;
  return { ...wrapping, pair: { before: start, between, after: end, firstType } };
}

/** A template: the ids around its texts, and the texts with their types. */
interface Pieces {
  readonly around: { readonly id: number; readonly type: number }[][];
  readonly texts: string[];
  readonly types: number[];
}

function readPieces(spec: Record<string, unknown>, field: "single" | "pair", where: string): Pieces {
  const specials = recordOf(spec.special_tokens ?? {}, `${where}.special_tokens`);
  const out: Pieces = { around: [[]], texts: [], types: [] };
  listOf(spec[field], `${where}.${field}`).forEach((piece, i) => {
    const at = `${where}.${field}[${i}]`;
    const { Sequence: sequence, SpecialToken: token } = recordOf(piece, at);
    if (sequence !== undefined) {
      const { id, type_id } = recordOf(sequence, at);
      out.texts.push(String(id));
      out.types.push(Number(type_id ?? 0));
      out.around.push([]);
      return;
    }
    if (token === undefined)
      throw new BaimoError("format", `${at} is ${brief(piece)}, neither text nor token`);
    const { id: given, type_id } = recordOf(token, at);
    const name = stringOf(given, `${at}.SpecialToken.id`);
    const special = Object.hasOwn(specials, name) ? specials[name] : undefined;
    const ids = listOf(
      recordOf(special, `${where}.special_tokens[${brief(name)}]`).ids,
      `${where}.special_tokens[${brief(name)}].ids`,
    );
    for (const id of ids) out.around.at(-1)?.push({ id: tokenIdOf(id, at), type: Number(type_id ?? 0) });
  });
  return out;
}
