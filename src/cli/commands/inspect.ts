// `baimo inspect`: metadata, tensors and memory needs of a checkpoint, without loading it.
import type { Command } from "commander";
import type { DeviceChoice, MemoryNeeds } from "../../backends/device.ts";
import { COMPONENT_NAMES, frameworkClass, type VerifiedComponents } from "../../catalogue/framework.ts";
import { BaimoError } from "../../errors.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { MetadataValue } from "../../formats/gguf/metadata.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { loadTable } from "../../generate/load-options.ts";
import type { Perplexity } from "../../generate/perplexity.ts";
import type { Footprint } from "../../models/footprint.ts";
import type { ModelDescription } from "../../models/open-model.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { fetchSource, withModel } from "../open-model.ts";
import {
  addConfigOptions,
  type CommandContext,
  type ConfigFlags,
  MODEL_HELP,
  nonEmpty,
  reader,
} from "../options.ts";
import { createProgress } from "../progress.ts";
import { formatBytes, formatCount, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readText } from "../text-file.ts";

interface InspectFlags extends ConfigFlags {
  device?: DeviceChoice;
  context?: number;
  threads?: number;
  tensors?: boolean;
  perplexity?: string;
  json?: boolean;
}

/** Values of a list that are shown; longer ones (vocabularies) are counted. */
const LIST_SHOWN = 32;

/** What is known of a checkpoint. */
interface Inspection {
  checkpoint: Checkpoint;
  /** Absent when this family cannot be run here, with the reason. */
  description?: ModelDescription;
  problem?: string;
  contextLength?: number;
  footprint?: Footprint;
  memory?: MemoryNeeds;
  /** The GPU's name, where one is asked for. */
  adapter?: string;
  /** What the files hold of what the Model Openness Framework asks for. */
  artefacts?: VerifiedComponents;
}

/** Adds the command. */
export function addInspect(program: Command, context: CommandContext): Command {
  const command = program
    .command("inspect")
    .summary("show what is in a model file and what it needs")
    .description(
      "Shows metadata, tensors, parameters and the memory needed at a context length. Loads no weights, unless the " +
        "perplexity of a text is asked for.",
    )
    .argument("<model>", MODEL_HELP)
    .option(
      "-c, --context <tokens>",
      "the context length for the memory (default: the model's own)",
      reader(loadTable.contextLength),
    )
    .option(
      "-t, --threads <count>",
      "the threads for the memory (default: as many as cores)",
      reader(loadTable.threads),
    )
    .option(
      "-d, --device <device>",
      "the device for the memory (default: cpu); webgpu names the GPU",
      reader(loadTable.device),
    )
    .option("--tensors", "list every tensor, not only the kinds")
    .option(
      "--perplexity <file>",
      "how well it predicts a text, in windows of --context tokens (default: 512)",
      nonEmpty,
    )
    .option("--json", "print a JSON document");
  return addConfigOptions(command).action(async (source: string, flags: InspectFlags) => {
    const { terminal } = context;
    const { openCheckpoint } = await import("../../formats/index.ts");
    const interrupt = listenForInterrupt();
    const { signal } = interrupt;
    const checkpoint = await openCheckpoint(await fetchSource(source, terminal, signal), { signal });
    let inspection: Inspection;
    try {
      inspection = await inspect(checkpoint, flags);
    } finally {
      await checkpoint.close();
      interrupt.release();
    }
    const perplexity = flags.perplexity && (await predict(source, flags.perplexity, flags, terminal));
    const { description, contextLength = 0 } = inspection;
    const { contextWarnings } = await import("../../generate/run-shape.ts");
    const warnings = description ? contextWarnings(description.config, contextLength) : [];
    for (const warning of warnings) terminal.note(`baimo: warning: ${warning}`);
    if (flags.json) terminal.json({ ...toJson(inspection), ...(perplexity ? { perplexity } : {}) });
    else {
      const width = terminal.interactive ? terminal.columns() : 160;
      for (const line of format(inspection, flags, width)) terminal.line(line);
      if (perplexity) for (const line of formatPerplexity(perplexity, width)) terminal.line(line);
    }
  });
}

/** Loads the model and measures how well it predicts a text. */
async function predict(source: string, file: string, flags: InspectFlags, terminal: Terminal) {
  const text = await readText(file);
  const { measurePerplexity } = await import("../../generate/perplexity.ts");
  const windowTokens = flags.context ?? 512;
  const progress = createProgress(terminal);
  return withModel(
    source,
    { context: windowTokens, threads: flags.threads, ignoreConfigKeys: flags.ignoreConfigKeys },
    terminal,
    async (model, signal) => {
      try {
        return await measurePerplexity(model, text, {
          windowTokens,
          signal,
          onProgress: ({ done, total }) => progress.update({ label: "predicting", done, total }),
        });
      } finally {
        progress.clear();
      }
    },
  );
}

function formatPerplexity(found: Perplexity, width: number): string[] {
  const rows = [
    ["  perplexity", `${found.perplexity.toFixed(4)} ± ${found.error.toFixed(4)}`],
    ["  bits a byte", found.bitsPerByte.toFixed(4)],
    ["  tokens", `${found.scored.toLocaleString("en-US")} in windows of ${found.windowTokens}`],
  ];
  return ["", "predicting the text", ...formatTable(rows, { width })];
}

async function inspect(checkpoint: Checkpoint, flags: InspectFlags): Promise<Inspection> {
  const { describeModel } = await import("../../models/open-model.ts");
  const { footprint } = await import("../../models/footprint.ts");
  const { countMemory } = await import("../../generate/preview.ts");
  try {
    const description = await describeModel(checkpoint, { ignoreConfigKeys: flags.ignoreConfigKeys });
    const contextLength = flags.context ?? description.config.contextLength;
    const { config, weights } = description;
    const { memory } = await countMemory(description, checkpoint, {
      contextLength,
      cacheTokens: contextLength,
      threads: flags.threads,
      device: flags.device,
    });
    const adapter = flags.device === "webgpu" ? await nameAdapter() : undefined;
    const { artefactsIn } = await import("../../models/declared-licences.ts");
    return {
      artefacts: await artefactsIn(checkpoint, description.declaredLicences),
      checkpoint,
      description,
      contextLength,
      footprint: footprint(config, weights),
      memory,
      adapter,
    };
  } catch (error) {
    // Metadata and tensors can be shown of models that cannot be run.
    if (!(error instanceof BaimoError) || !["config", "shape", "format"].includes(error.code)) throw error;
    return { checkpoint, problem: error.message };
  }
}

async function nameAdapter(): Promise<string> {
  const { identify, openAdapter } = await import("../../backends/webgpu/adapter.ts");
  return identify(await openAdapter()).name;
}

function toJson(inspection: Inspection) {
  const { checkpoint, description, problem, contextLength, footprint, memory, adapter, artefacts } =
    inspection;
  return {
    name: description?.name ?? checkpoint.name,
    format: checkpoint.format,
    files: checkpoint.files.map((file) => ({ name: file.name, bytes: file.size })),
    family: description?.family,
    config: description?.config,
    problem,
    licences: description?.declaredLicences,
    artefacts,
    parameters: footprint?.parameters ?? countParameters(checkpoint),
    activeParameters: footprint?.activeParameters,
    flopsPerToken: footprint?.flopsPerToken,
    memory: memory && { contextLength, ...toBytes(memory) },
    adapter,
    metadata: Object.fromEntries(Array.from(checkpoint.metadata, ([key, value]) => [key, shorten(value)])),
    tensors: Array.from(checkpoint.tensors.values(), ({ name, dtype, shape, file, offset, byteLength }) => ({
      name,
      dtype,
      shape,
      file,
      offset,
      bytes: byteLength,
    })),
  };
}

function toBytes({ weights, experts, cache, buffers, total }: MemoryNeeds) {
  return {
    weightBytes: weights + experts,
    expertBytes: experts,
    cacheBytes: cache,
    bufferBytes: Math.round(buffers),
    totalBytes: Math.round(total),
  };
}

function countParameters(checkpoint: Checkpoint): number {
  let sum = 0;
  for (const { shape } of checkpoint.tensors.values()) sum += shape.reduce((a, b) => a * b, 1);
  return sum;
}

/** A list too long to print becomes its length and its first values. */
function shorten(value: MetadataValue): unknown {
  if (typeof value !== "object") return value;
  const list = Array.from(value as readonly unknown[]);
  return list.length <= LIST_SHOWN ? list : { length: list.length, first: list.slice(0, 8) };
}

function format(inspection: Inspection, flags: InspectFlags, width: number): string[] {
  const { checkpoint, description, problem } = inspection;
  const bytes = checkpoint.files.reduce((sum, file) => sum + file.size, 0);
  const files = checkpoint.files.length === 1 ? "1 file" : `${checkpoint.files.length} files`;
  const lines = [
    description?.name ?? checkpoint.name,
    `${checkpoint.format}, ${files}, ${formatBytes(bytes)}, ${checkpoint.tensors.size} tensors`,
  ];
  if (problem) lines.push("", `baimo cannot run it: ${problem}`);
  lines.push(...formatModel(inspection, width));
  if (checkpoint.metadata.size > 0) {
    const rows = Array.from(checkpoint.metadata, ([key, value]) => [`  ${key}`, showValue(value)]);
    lines.push("", "metadata", ...formatTable(rows, { width }));
  }
  lines.push("", flags.tensors ? "tensors" : "kinds of tensors (--tensors lists each)");
  const rows = flags.tensors
    ? Array.from(checkpoint.tensors.values(), (tensor) => tensorRow(tensor.name, tensor, 1))
    : groupTensors(checkpoint);
  lines.push(...formatTable(rows, { width }));
  return lines;
}

function formatModel(inspection: Inspection, width: number): string[] {
  const { description, footprint, memory, contextLength, adapter, artefacts = {} } = inspection;
  if (!description || !footprint || !memory) return [];
  const { config, family, declaredLicences } = description;
  const licences = Object.entries(declaredLicences).map(([where, id]) => `${id} (${where})`);
  const { level, open, closed } = frameworkClass({ verified: artefacts });
  const experts =
    config.experts === undefined
      ? []
      : [["  experts", `${config.experts.count}, ${config.experts.perToken} a token`]];
  const active =
    footprint.activeParameters < footprint.parameters
      ? `, ${formatCount(footprint.activeParameters)} active`
      : "";
  const heads = `${config.numHeads} of ${config.headDim}, keys and values ${config.numKvHeads}`;
  const rows = [
    ["  family", `${family} (${config.architecture})`],
    ["  parameters", `${formatCount(footprint.parameters)}${active}`],
    ["  layers", String(config.numLayers)],
    ["  hidden size", `${config.hiddenSize}, intermediate ${config.intermediateSize}`],
    ["  heads", heads],
    ...experts,
    [
      "  vocabulary",
      config.vocabSize.toLocaleString("en-US") + (config.tiedEmbeddings ? ", embeddings tied" : ""),
    ],
    ["  context", `${config.contextLength.toLocaleString("en-US")} tokens`],
    ["  work a token", `${formatCount(footprint.flopsPerToken)} operations`],
    ["  licence", licences.join(", ") || "none declared"],
    [
      "  openness",
      `framework ${level === null ? "not verified" : `class ${level}`}; of its ${COMPONENT_NAMES.length} artefacts these files hold ` +
        [...open, ...closed.map((name) => `${name} (not under an open licence)`)].join(", "),
    ],
  ];
  const need = [
    ["  weights", formatBytes(memory.weights + memory.experts)],
    ["  keys and values", formatBytes(memory.cache)],
    ["  buffers and runtime, about", formatBytes(memory.buffers)],
    ["  together", formatBytes(memory.total)],
    ...(memory.experts > 0
      ? [["  without experts, which may be read as needed", formatBytes(memory.total - memory.experts)]]
      : []),
  ];
  const where = adapter ? ` on ${adapter}` : "";
  const title = `memory at a context of ${contextLength?.toLocaleString("en-US")} tokens${where}`;
  return ["", "model", ...formatTable(rows, { width }), "", title, ...formatTable(need, { width })];
}

function showValue(value: MetadataValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  const list = Array.from(value as readonly unknown[]);
  const shown = JSON.stringify(list.slice(0, 8), (_, item) =>
    typeof item === "bigint" ? Number(item) : item,
  );
  return list.length <= 8 ? shown : `${list.length.toLocaleString("en-US")} values: ${shown.slice(0, -1)},…]`;
}

function tensorRow(name: string, { dtype, shape, byteLength }: TensorInfo, count: number): string[] {
  const times = count > 1 ? `${count} ×` : "";
  return [`  ${name}`, times, dtype, `[${shape.join(", ")}]`, formatBytes(byteLength * count)];
}

/** Tensors that differ only in the number of their layer or expert, on one row. */
function groupTensors(checkpoint: Checkpoint): string[][] {
  const groups = new Map<string, { name: string; tensor: TensorInfo; count: number }>();
  for (const tensor of checkpoint.tensors.values()) {
    const name = tensor.name.replace(/(?<=\.)\d+(?=\.)/g, "*");
    const key = `${name} ${tensor.dtype} ${tensor.shape}`;
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { name, tensor, count: 1 });
  }
  return Array.from(groups.values(), ({ name, tensor, count }) => tensorRow(name, tensor, count));
}
