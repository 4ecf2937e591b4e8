// An ONNX graph, run by onnxruntime-web: a row of numbers in, its figures out.
import { BaimoError } from "../../errors.ts";
import { isRecord, numberOf, recordOf, stringOf } from "../../json.ts";
import { readDomain } from "./domain.ts";
import type { Predictor } from "./model.ts";
import { numericPredictor, readFeatures } from "./numeric.ts";

/** What is used of onnxruntime-web. */
interface Runtime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => object;
  readonly InferenceSession: { create(bytes: Uint8Array): Promise<Session> };
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, object>>): Promise<Readonly<Record<string, unknown>>>;
}

/** A figure, and where the graph has it: the value `at` of its output `name`. */
interface Source {
  readonly output: string;
  readonly name: string;
  readonly at: number;
}

/**
 * Reads the description of a graph: its features in order, its domain, its outputs.
 *
 * graph  the bytes of the ONNX file; it has one input, [1, features] f32
 */
export async function readOnnx(
  model: Record<string, unknown>,
  where: string,
  graph: Uint8Array,
): Promise<Predictor> {
  const features = readFeatures(model, where);
  const domain = readDomain(model.domain, `${where}: domain`);
  const sources = readSources(model, where);
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(graph).catch((cause: unknown) => {
    throw new BaimoError("format", `${where}: the graph cannot be opened: ${reasonOf(cause)}`, { cause });
  });
  const missing = sources.find(({ name }) => !session.outputNames.includes(name));
  if (missing) {
    const known = session.outputNames.join(", ");
    throw new BaimoError("format", `${where}: the graph has no output ${missing.name}; it has ${known}`);
  }
  if (session.inputNames.length !== 1) {
    throw new BaimoError(
      "format",
      `${where}: the graph must have one input but has ${session.inputNames.length}`,
    );
  }
  const [input] = session.inputNames;

  const outputs = sources.map(({ output }) => output);
  return numericPredictor({ features, domain, outputs }, async (x) => {
    try {
      const tensor = new Tensor("float32", Float32Array.from(x), [1, x.length]);
      const found = await session.run({ [input]: tensor });
      return Object.fromEntries(
        sources.map((source) => [source.output, figureOf(found[source.name], source, where)]),
      );
    } catch (cause) {
      if (cause instanceof BaimoError) throw cause;
      throw new BaimoError("format", `${where}: the graph cannot be run: ${reasonOf(cause)}`, { cause });
    }
  });
}

/** `"output": { "pd": "what it is" }` is the graph's output `pd`; `"from": { "pd": { "name": "probabilities", "at": 1 } }` another. */
function readSources(model: Record<string, unknown>, where: string): Source[] {
  const from = recordOf(model.from ?? {}, `${where}: from`);
  const outputs = Object.keys(recordOf(model.output, `${where}: output`));
  const stranger = Object.keys(from).find((name) => !outputs.includes(name));
  if (outputs.length === 0 || stranger !== undefined) {
    const found =
      stranger === undefined ? "output names nothing" : `from has ${stranger}, which output has not`;
    throw new BaimoError("format", `${where}: ${found}`);
  }
  return outputs.map((output) => {
    const place = `${where}: from.${output}`;
    const { name = output, at = 0 } = recordOf(from[output] ?? {}, place);
    return { output, name: stringOf(name, `${place}.name`), at: numberOf(at, `${place}.at`) };
  });
}

function figureOf(tensor: unknown, { name, at }: Source, where: string): number {
  const data = isRecord(tensor) ? tensor.data : undefined;
  const value = ArrayBuffer.isView(data) ? Number((data as Float32Array)[at]) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new BaimoError("format", `${where}: output ${name} of the graph has no finite number at ${at}`);
}

async function loadRuntime(): Promise<Runtime> {
  const name = "onnxruntime-web";
  try {
    const runtime = (await import(name)) as Runtime;
    runtime.env.wasm.numThreads = 1;
    return runtime;
  } catch (cause) {
    const message = `ONNX models need the package ${name}; npm install it beside baimo`;
    throw new BaimoError("request", message, { cause });
  }
}

const reasonOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
