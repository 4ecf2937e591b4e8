// How a model is opened when it is asked for: what the manager of models is told of each.
import type { ModelPreview } from "../../generate/preview.ts";
import type { LanguageModel } from "../../generate/types.ts";
import { callback, fields, flag, list, number, required, text, withDefault } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";
import { type Price, priceTable } from "../../upstream/price.ts";

/** What is known of a model before it is loaded; of one at an endpoint, that it takes no memory. */
export type Preview = Pick<ModelPreview, "memory"> &
  Partial<Pick<ModelPreview, "config" | "contextLength" | "adapters">>;

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

/** The options of a recipe, declared. */
export const recipeTable = {
  preview: required(callback<ModelRecipe["preview"]>()),
  open: required(callback<ModelRecipe["open"]>()),
  aliases: withDefault(list(modelId, { most: 256 }), []),
  pinned: withDefault(flag, false),
  idleSeconds: number({ min: 0, max: LONGEST }),
  price: fields(priceTable),
} satisfies TableOf<ModelRecipe>;
