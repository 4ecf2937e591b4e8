// How a model is opened when it is asked for: what the manager of models is told of each.
import type { ModelPreview } from "../../generate/preview.ts";
import type { LanguageModel } from "../../generate/types.ts";
import { callback, fields, flag, list, number, required, text, withDefault } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";

/** What is known of a model before it is loaded; of one at an endpoint, that it takes no memory. */
export type Preview = Pick<ModelPreview, "memory"> &
  Partial<Pick<ModelPreview, "config" | "contextLength" | "adapters">>;

/** What a million tokens cost. */
export interface Price {
  /** "USD". */
  readonly currency: string;
  readonly input: number;
  readonly output: number;
  /** Of the input, what the endpoint still had. Default: as all of it. */
  readonly cachedInput?: number;
  /** Where it stands, and since when. */
  readonly source?: string;
  readonly date?: string;
}

/** A model that is opened on demand. */
export interface ModelRecipe {
  /** Looks at it without loading it; asked for again only after it has failed. */
  preview(): Promise<Preview>;
  /** Loads it; disposed of when its memory is needed or it has been idle for long. */
  open(options: OpenOptions): Promise<LanguageModel>;
  /** Other names for it. */
  aliases?: readonly string[];
  /** Once loaded it stays. Default false. */
  pinned?: boolean;
  /** Seconds without a request after which it goes. Default: it stays until its memory is needed. */
  idleSeconds?: number;
  /** Of a model that is paid for by its tokens. */
  price?: Price;
}

/** What `open` is told. */
export interface OpenOptions {
  /** Bytes that it may take, where it needs to be told: a mixture of experts that does not fit whole. */
  readonly memoryBytes?: number;
}

/** The longest time that a timer keeps, in seconds. */
const LONGEST = 2_147_483;

/** A name of a model. */
export const modelId = text({ most: 1024 });

const money = number({ min: 0 });
export const priceTable = {
  currency: required(text({ least: 3, most: 3 })),
  input: required(money),
  output: required(money),
  cachedInput: money,
  source: text(),
  date: text({ most: 32 }),
} satisfies TableOf<Price>;

/** The options of a recipe, declared. */
export const recipeTable = {
  preview: required(callback<ModelRecipe["preview"]>()),
  open: required(callback<ModelRecipe["open"]>()),
  aliases: withDefault(list(modelId, { most: 256 }), []),
  pinned: withDefault(flag, false),
  idleSeconds: number({ min: 0, max: LONGEST }),
  price: fields(priceTable),
} satisfies TableOf<ModelRecipe>;
