// The special tokens that a tokenizer's configuration names by their roles, and those that it adds.
import { isRecord } from "../../json.ts";

/** The roles of special tokens, as transformers names them: `bos_token` and so on. */
const ROLES = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const;

/** The text of a special token, which a configuration writes as a string or as an object with its `content`. */
export function contentOf(token: unknown): string | undefined {
  const text = isRecord(token) ? token.content : token;
  return typeof text === "string" ? text : undefined;
}

/**
 * The special tokens that templates read, by name: those of the roles, those of the model (`image_token`), and those that
 * `extra_special_tokens` names (transformers, tokenization_utils_base.py, special_tokens_map).
 */
export function namedTokens(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const extra = isRecord(config.extra_special_tokens) ? Object.entries(config.extra_special_tokens) : [];
  const own = Object.entries(config).filter(([name]) => name.endsWith("_token"));
  const named = [...own, ...extra].map(([name, token]) => [name, contentOf(token)] as const);
  return Object.fromEntries(named.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The texts of all special tokens that a configuration names. */
export function specialContents(config: Readonly<Record<string, unknown>>): Set<string> {
  const named = ROLES.map((role) => config[`${role}_token`]);
  const others = [config.additional_special_tokens, config.extra_special_tokens].flatMap((list) =>
    Array.isArray(list) ? (list as unknown[]) : [],
  );
  return new Set([...named, ...others].map(contentOf).filter((text) => text !== undefined));
}

/** An entry of `added_tokens` in tokenizer.json. */
export interface AddedTokenEntry {
  id: number;
  content: string;
  special: boolean;
  [key: string]: unknown;
}

/**
 * The `added_tokens` of a tokenizer.json for files that have none: those that the configuration adds by id, then those
 * that it names and the vocabulary has.
 */
export function addedTokensOf(
  config: Readonly<Record<string, unknown>>,
  vocab: Readonly<Record<string, number>>,
): AddedTokenEntry[] {
  const special = specialContents(config);
  const entries = new Map<string, AddedTokenEntry>();
  const byId = isRecord(config.added_tokens_decoder) ? config.added_tokens_decoder : {};
  for (const [id, spec] of Object.entries(byId)) {
    const content = contentOf(spec);
    if (content === undefined || !isRecord(spec)) continue;
    const isSpecial = typeof spec.special === "boolean" ? spec.special : special.has(content);
    entries.set(content, { ...spec, id: Number(id), content, special: isSpecial });
  }
  for (const content of special) {
    if (entries.has(content) || !Object.hasOwn(vocab, content)) continue;
    entries.set(content, { id: vocab[content], content, special: true, normalized: false });
  }
  return [...entries.values()].sort((a, b) => a.id - b.id);
}

/** The post-processor that puts BOS before and EOS after a text where the configuration asks for it. */
export function bosEosProcessor(
  config: Readonly<Record<string, unknown>>,
  idOf: (token: string) => number | undefined,
): unknown {
  const token = (role: "bos" | "eos") => {
    const content = config[`add_${role}_token`] === true ? contentOf(config[`${role}_token`]) : undefined;
    return content !== undefined && idOf(content) !== undefined ? content : undefined;
  };
  return surround(token("bos"), token("eos"), idOf);
}

/** The post-processor that puts one token before and one after a text. */
export function surround(
  before: string | undefined,
  after: string | undefined,
  idOf: (token: string) => number | undefined,
): unknown {
  const around = [before, after].filter((token) => token !== undefined);
  if (around.length === 0) return null;
  const piece = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const text = { Sequence: { id: "A", type_id: 0 } };
  const single = [
    ...(before === undefined ? [] : [piece(before)]),
    text,
    ...(after === undefined ? [] : [piece(after)]),
  ];
  const special_tokens = Object.fromEntries(
    around.map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
  );
  return { type: "TemplateProcessing", single, pair: [], special_tokens };
}
