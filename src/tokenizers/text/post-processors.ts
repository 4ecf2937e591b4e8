// The post-processors of tokenizer.json: which ids stand around a text.

import { BaimoError } from "../../errors.ts";
import { brief, listOf, recordOf, stringOf } from "../../json.ts";
import { tokenIdOf } from "../files/token-id.ts";
import { checkNesting } from "../limits.ts";

/** The ids added before and after a single text. */
export interface Wrapping {
  before: number[];
  after: number[];
}

/**
 * Reads a `post_processor` of tokenizer.json, as far as it concerns one text (pairs of texts are not encoded here).
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
        const { before, after } = readPostProcessor(step, `${where}.processors[${i}]`);
        all.before.unshift(...before);
        all.after.push(...after);
      });
      return all;
    }
    case "BertProcessing":
    case "RobertaProcessing": {
      const id = (field: string) =>
        tokenIdOf(listOf(spec[field], `${where}.${field}`)[1], `${where}.${field}[1]`);
      return { before: [id("cls")], after: [id("sep")] };
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
  const specials = recordOf(spec.special_tokens ?? {}, `${where}.special_tokens`);
  const out: Wrapping = { before: [], after: [] };
  let seen = false;
  listOf(spec.single, `${where}.single`).forEach((piece, i) => {
    const at = `${where}.single[${i}]`;
    const { Sequence: sequence, SpecialToken: token } = recordOf(piece, at);
    if (sequence !== undefined) {
      if (seen) throw new BaimoError("format", `${at}: the text stands in the template more than once`);
      seen = true;
      return;
    }
    if (token === undefined)
      throw new BaimoError("format", `${at} is ${brief(piece)}, neither text nor token`);
    const name = stringOf(recordOf(token, at).id, `${at}.SpecialToken.id`);
    const special = Object.hasOwn(specials, name) ? specials[name] : undefined;
    const ids = listOf(
      recordOf(special, `${where}.special_tokens[${brief(name)}]`).ids,
      `${where}.special_tokens[${brief(name)}].ids`,
    );
    for (const id of ids) (seen ? out.after : out.before).push(tokenIdOf(id, at));
  });
  if (!seen) throw new BaimoError("format", `${where}.single does not contain the text`);
  return out;
}
