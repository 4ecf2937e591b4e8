// Filters that make an answer of a response: extraction, votes, letters, white space.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { stripText } from "../../tokenizers/chat-template/jinja/text.ts";
import { compileRegex } from "../python/regex.ts";
import { configError } from "../tasks/config-error.ts";
import type { Document } from "../tasks/document.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import type { FilterConfig } from "../tasks/scoring-config.ts";
import type { TaskConfig } from "../tasks/task-config.ts";
import { createChoiceFilter } from "./choice-filter.ts";
import { type FilterPlace, INVALID, regexOptions, selectMatch } from "./filter-regex.ts";
import { formatSpan } from "./format-span.ts";
import { codeBlock, gsm8kAnswer, plainWords } from "./opencompass/extractions.ts";
import { createFirstOption, firstCapital, lastOption } from "./opencompass/options.ts";

/** What a request's responses become; a step sees what the step before it made. */
export type Filter = (responses: unknown, document: Document) => unknown;

/** A pipeline with a name, and the values by which it says that it found nothing. */
export interface FilterPipeline {
  readonly name: string;
  readonly apply: Filter;
  readonly fallbacks: ReadonlySet<unknown>;
}

/** How a filter is made of its options. */
type MakeFilter = (options: RawConfig, key: FilterPlace) => Filter;

/** What a step runs over: a list, or the characters of a text as in Python. */
function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return [...value];
  throw new BaimoError("request", `a filter runs over a list of answers but has ${brief(value)}`);
}

const each =
  (change: (item: unknown) => unknown): Filter =>
  (responses) =>
    itemsOf(responses).map(change);

const eachText = (change: (text: string) => unknown): Filter =>
  each((item) => {
    if (typeof item === "string") return change(item);
    throw new BaimoError("request", `a filter needs a text but has ${brief(item)}`);
  });

const FILTERS: Readonly<Record<string, MakeFilter>> = {
  take_first: () => (responses) => itemsOf(responses)[0],
  take_first_k: ({ k }, { where, key }) => {
    if (typeof k !== "number") throw configError(where, `${key}.k`, `must be a number but is ${brief(k)}`);
    return (responses) => {
      const items = itemsOf(responses);
      if (items.length >= k) return items.slice(0, k);
      throw configError(where, `${key}.k`, `is ${k}, but there are ${items.length} answers; raise repeats`);
    };
  },
  majority_vote: () => (responses) => {
    const counts = new Map<unknown, number>();
    for (const item of itemsOf(responses)) counts.set(item, (counts.get(item) ?? 0) + 1);
    const most = Math.max(...counts.values());
    return [[...counts].find(([, count]) => count === most)?.[0]];
  },
  lowercase: () => eachText((text) => text.toLowerCase()),
  uppercase: () => eachText((text) => text.toUpperCase()),
  remove_whitespace: () => eachText((text) => stripText(text, undefined, true, true)),
  map: ({ mapping_dict: mapping = {}, default_value: missing = null }, { where, key }) => {
    if (!isRecord(mapping)) throw configError(where, `${key}.mapping_dict`, "must be keys and values");
    return each((item) =>
      typeof item === "string" && Object.hasOwn(mapping, item) ? mapping[item] : missing,
    );
  },
  regex: (options, place) => {
    const { regex, select, fallback } = regexOptions(options, place);
    return each((item) => selectMatch(regex, item, select) ?? fallback);
  },
  regex_pos: ({ fallback = ["invalid"] }) => {
    const tagged = compileRegex("\\('([^']*)', '([^']*)'\\)");
    return each((item) => {
      const tags = tagged.findAll(typeof item === "string" ? item : "").map(([, tag]) => tag);
      return tags.length > 0 ? tags : fallback;
    });
  },
  multi_choice_regex: createChoiceFilter,
  format_span: () => eachText(formatSpan),
  first_option: ({ options = "ABCD", cushion, corrected }) =>
    eachText(
      createFirstOption({
        options: String(options),
        cushion: cushion !== false,
        corrected: corrected === true,
      }),
    ),
  last_option: ({ options = "ABCD" }) => eachText((text) => lastOption(text, String(options))),
  first_capital: () => eachText(firstCapital),
  gsm8k: () => eachText(gsm8kAnswer),
  code_block: ({ which = "first" }, { where, key }) => {
    if (which !== "first" && which !== "last")
      throw configError(where, `${key}.which`, `must be first or last but is ${brief(which)}`);
    return eachText((text) => codeBlock(text, which));
  },
  plain_words: () => eachText(plainWords),
};

/** OpenCompass's extractions, and what each gives where it finds nothing. */
const NOTHING: Readonly<Record<string, string>> = {
  first_option: "",
  last_option: "",
  first_capital: "",
  gsm8k: "NULL",
};

/** The names of the filters. */
export const FILTER_NAMES: readonly string[] = Object.keys(FILTERS).sort();

const DEFAULT: FilterConfig = { name: "none", filter: [{ function: "take_first", options: {} }] };

/** Of programs every answer counts. */
const ALL: FilterConfig = { name: "none", filter: [] };

/**
 * The pipelines of a task, in order.
 * @throws {BaimoError} `format` for filters that are unknown or have wrong options
 */
export function createPipelines(config: TaskConfig): FilterPipeline[] {
  return (config.filters ?? [config.code ? ALL : DEFAULT]).map(({ name, filter }, i) => {
    const fallbacks = new Set<unknown>([null]);
    const steps = filter.map((step, at) => {
      const place = { where: config.where, key: `filter_list[${i}].filter[${at}]` };
      if (!Object.hasOwn(FILTERS, step.function)) throw unknownFilter(step.function, place);
      if (/^(regex|multi_choice_regex)$/.test(step.function)) fallbacks.add(step.options.fallback ?? INVALID);
      if (Object.hasOwn(NOTHING, step.function)) fallbacks.add(NOTHING[step.function]);
      return FILTERS[step.function](step.options, place);
    });
    for (const value of [...fallbacks]) {
      if (typeof value === "string") fallbacks.add(value.toLowerCase()).add(value.toUpperCase());
    }
    const apply: Filter = (responses, document) =>
      steps.reduce((value, step) => step(value, document), responses);
    return { name, apply, fallbacks };
  });
}

function unknownFilter(name: string, { where, key }: FilterPlace): BaimoError {
  if (name === "custom")
    return configError(where, key, "is custom, which is a function of Python; baimo runs none");
  const near = nearestName(name, FILTER_NAMES);
  const advice = near ? `; do you mean ${near}?` : "";
  return configError(where, key, `is ${name}${advice} The known filters are ${FILTER_NAMES.join(", ")}`);
}
