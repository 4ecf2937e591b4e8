// Training runs that were published, one that is a rumour, and one of which nothing is known.
import { findAccelerator } from "../hardware/accelerators.ts";
import type { ModelShape } from "../model/shape.ts";
import {
  type Input,
  published,
  type Quantity,
  rumoured,
  type Source,
  unknown,
} from "../quantity/quantity.ts";
import type { Unit } from "../quantity/units.ts";
import { flopsOfTraining, utilisationOf } from "./compute.ts";

/** A run as its source tells it. */
export interface PublishedRun {
  readonly name: string;
  readonly activeParameters: Input<"parameter">;
  readonly tokens: Input<"token">;
  /** A name of `accelerators`. */
  readonly accelerator?: string;
  readonly gpuHours: Input<"GPU-hour">;
  readonly flops: Input<"FLOP">;
}

type Row = readonly [
  name: string,
  active: number | null,
  tokens: number | null,
  flops: number | null,
  accelerator: string | null,
  hours: number | null,
  title: string,
  arxiv: string | null,
  kind?: "rumour",
];

const rows: readonly Row[] = [
  ["GPT-3 175B", 174.6e9, 300e9, 3.14e23, null, null, "Brown et al., table D.1", "2005.14165"],
  ["Gopher 280B", 280e9, 300e9, 6.31e23, null, null, "Rae et al.; counts more than 6 N D", "2112.11446"],
  ["Chinchilla 70B", 70e9, 1.4e12, 5.76e23, null, null, "Hoffmann et al.", "2203.15556"],
  ["PaLM 540B", 540.35e9, 780e9, 2.527e24, null, null, "Chowdhery et al., table 21", "2204.02311"],
  ["OPT 175B", 175e9, 180e9, null, "A100-80", 809_472, "metaseq logbook: 992 A100, about 34 days", null],
  [
    "BLOOM 176B",
    176.25e9,
    366e9,
    null,
    "A100-80",
    1_082_990,
    "Luccioni et al.; Le Scao et al.",
    "2211.02001",
  ],
  ["LLaMA 65B", 65.2e9, 1.4e12, null, "A100-80", 1_022_362, "Touvron et al., table 15", "2302.13971"],
  ["Llama 2 7B", 6.738e9, 2e12, null, "A100-80", 184_320, "Touvron et al., table 2", "2307.09288"],
  ["Llama 2 70B", 68.977e9, 2e12, null, "A100-80", 1_720_320, "Touvron et al., table 2", "2307.09288"],
  [
    "Llama 3.1 405B",
    405e9,
    15.6e12,
    3.8e25,
    "H100-SXM",
    30_840_000,
    "Grattafiori et al.; model card",
    "2407.21783",
  ],
  ["Falcon 180B", 180e9, 3.5e12, 3.76e24, null, null, "Almazrouei et al.; 43,500 PF-days", "2311.16867"],
  [
    "DeepSeek-V3",
    37e9,
    14.8e12,
    null,
    "H800",
    2_664_000,
    "DeepSeek-AI, table 1: pre-training, in FP8",
    "2412.19437",
  ],
  [
    "DBRX 132B-A36B",
    36e9,
    12e12,
    null,
    "H100-SXM",
    4_482_662.4,
    "Databricks' blog, 2024-03-27: 3,072 H100, two months of it",
    null,
  ],
  ["GPT-4", 280e9, 13e12, 2.15e25, "A100-80", null, "press of July 2023, unconfirmed", null, "rumour"],
  ["Grok-1", null, null, null, null, null, "tokens and hours were never published", null],
];

function toRun([name, active, tokens, flops, device, hours, title, arxiv, kind]: Row): PublishedRun {
  const source: Source = arxiv === null ? { title } : { title, url: `https://arxiv.org/abs/${arxiv}` };
  const figure = <U extends Unit>(label: string, value: number | null, unit: U): Input<U> => {
    if (value === null) return unknown(label, unit, `${name}: ${title}`);
    return kind === "rumour" ? rumoured(label, value, unit, source) : published(label, value, unit, source);
  };
  return {
    name,
    activeParameters: figure("parameters a token meets", active, "parameter"),
    tokens: figure("tokens of training", tokens, "token"),
    accelerator: device ?? undefined,
    gpuHours: figure("GPU-hours as published", hours, "GPU-hour"),
    flops: figure("FLOPs as published", flops, "FLOP"),
  };
}

export const publishedRuns: readonly PublishedRun[] = rows.map(toRun);

/** What a run's own figures give: 6 N D beside the published FLOPs, and the utilisation that its hours imply. */
export function countRun({
  activeParameters,
  tokens,
  accelerator,
  gpuHours,
  flops: published,
}: PublishedRun) {
  const flops = flopsOfTraining(activeParameters, tokens);
  const peak =
    accelerator === undefined
      ? unknown("dense 16-bit peak", "FLOP/second")
      : findAccelerator(accelerator).peak;
  return { flops, published, gpuHours, mfu: utilisationOf(flops, gpuHours, peak) };
}

/** Runs whose tokens meet a part of the parameters. */
const mixtures = ["DeepSeek-V3", "DBRX 132B-A36B", "GPT-4", "Grok-1"];

/** A published run as a model: of its sizes only the parameters that a token meets are known, of a dense one all. */
export function shapeOfRun({ name, activeParameters, tokens }: PublishedRun): ModelShape {
  const none = (label: string): Quantity<"count"> => unknown(label, "count");
  return {
    name,
    parameters: mixtures.includes(name) ? unknown("parameters", "parameter") : activeParameters,
    activeParameters,
    layers: none("layers"),
    hidden: none("hidden size"),
    heads: none("heads"),
    kvHeads: none("KV heads"),
    tokens,
  };
}
