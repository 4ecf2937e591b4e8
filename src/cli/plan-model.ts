// Which model a plan is about: a checkpoint, a catalogue entry, a published run, or numbers.
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { BaimoError } from "../errors.ts";
import type { ModelShape, ShapeOptions } from "../plan/index.ts";
import { readNumber } from "./amount.ts";
import { findModel, namesModel } from "./find-model.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { loadCatalogue } from "./load-catalogue.ts";
import { fetchSource } from "./open-model.ts";
import type { Terminal } from "./terminal.ts";

/** A model by numbers. */
export interface ShapeFlags {
  parameters?: number;
  active?: number;
  layers?: number;
  hidden?: number;
  heads?: number;
  kvHeads?: number;
  headDim?: number;
  experts?: number;
  expertsPerToken?: number;
  expertParameters?: number;
}

/** Adds --parameters, --layers, … */
export function addShapeOptions(command: Command): Command {
  const add = (flags: string, help: string) => command.option(flags, help, readNumber);
  add("--parameters <count>", "parameters, for example 7B");
  add("--active <count>", "parameters that one token meets (default: all)");
  add("--layers <count>", "layers");
  add("--hidden <size>", "hidden size");
  add("--heads <count>", "attention heads");
  add("--kv-heads <count>", "KV heads (default: as many as heads)");
  add("--head-dim <size>", "size of a head (default: hidden size / heads)");
  add("--experts <count>", "experts of a mixture");
  add("--experts-per-token <count>", "experts that one token meets");
  add("--expert-parameters <count>", "parameters of all experts together");
  return command;
}

const toNumbers = (flags: ShapeFlags): Partial<ShapeOptions> => ({
  parameters: flags.parameters,
  activeParameters: flags.active,
  numLayers: flags.layers,
  hiddenSize: flags.hidden,
  numHeads: flags.heads,
  numKvHeads: flags.kvHeads,
  headDim: flags.headDim,
  numExperts: flags.experts,
  numExpertsPerToken: flags.expertsPerToken,
  expertParameters: flags.expertParameters,
});

/** Tokens of a sequence by which the engine's memory is counted, where nobody says. */
const CONTEXT = 1280;

/** The shape of the model that words and flags name; the engine's memory for a checkpoint at a context length. */
export async function readShape(
  words: readonly string[],
  flags: ShapeFlags,
  terminal: Terminal,
  contextLength = CONTEXT,
): Promise<ModelShape> {
  const { shapeOfNumbers, withNumbers } = await import("../plan/index.ts");
  const numbers = toNumbers(flags);
  const name = words.join(" ");
  if (name !== "") return withNumbers(await namedShape(name, terminal, contextLength), numbers);
  if (Object.values(numbers).every((value) => value === undefined))
    throw new BaimoError(
      "request",
      "plan: name a model (a file, hf:owner/name, or an entry of baimo models), or give --parameters",
      { option: "model" },
    );
  return shapeOfNumbers(numbers);
}

async function namedShape(name: string, terminal: Terminal, contextLength: number): Promise<ModelShape> {
  const { publishedRuns, shapeFromCatalogue, shapeOfRun } = await import("../plan/index.ts");
  if (namesModel(name)) return checkpointShape(await findModel(name), terminal, contextLength);
  const run = publishedRuns.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!run) return shapeFromCatalogue(loadCatalogue(), name);
  try {
    return shapeFromCatalogue(loadCatalogue(), name);
  } catch (error) {
    if (error instanceof BaimoError) return shapeOfRun(run); // which the catalogue does not have
    throw error;
  }
}

async function checkpointShape(
  source: string,
  terminal: Terminal,
  contextLength: number,
): Promise<ModelShape> {
  const { openCheckpoint } = await import("../formats/index.ts");
  const { describeModel } = await import("../models/open-model.ts");
  const { footprint } = await import("../models/footprint.ts");
  const { openDevice } = await import("../backends/open-device.ts");
  const { describeForDevice } = await import("../models/device-model.ts");
  const { chooseShape } = await import("../generate/run-shape.ts");
  const { shapeOfCheckpoint } = await import("../plan/index.ts");
  const interrupt = listenForInterrupt();
  const { signal } = interrupt;
  try {
    const checkpoint = await openCheckpoint(await fetchSource(source, terminal, signal), { signal });
    try {
      const description = await describeModel(checkpoint);
      const { name, config, weights } = description;
      const device = await openDevice("cpu");
      const memory = device.count(
        describeForDevice(description, checkpoint.files),
        chooseShape(description, { contextLength }),
        availableParallelism(),
      );
      return shapeOfCheckpoint(name, config, footprint(config, weights), memory);
    } finally {
      await checkpoint.close();
    }
  } finally {
    interrupt.release();
  }
}
