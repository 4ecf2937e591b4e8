// A task with its data: the documents to evaluate, the examples, the prompts and requests of each.
import { BaimoError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { dumpJson, pythonText } from "../python/values.ts";
import { configError } from "./config-error.ts";
import type { Document } from "./document.ts";
import { argumentsOf, type EvalRequest } from "./eval-request.ts";
import { createFieldReader, type FieldReader } from "./fields.ts";
import { buildPrompts, type PromptSettings } from "./prompts.ts";
import { buildRequests } from "./requests.ts";
import { createSampler } from "./samplers.ts";
import type { TaskConfig } from "./task-config.ts";

/** A task that can be asked and scored. */
export interface OpenTask {
  readonly config: TaskConfig;
  readonly documents: readonly Document[];
  readonly fields: FieldReader;
  /** The question is the number of a choice. */
  readonly choicesAsked: boolean;
  /** Several answers are right. */
  readonly manyTargets: boolean;
}

/** A document with what is asked about it. */
export interface PreparedDocument {
  readonly id: number;
  readonly document: Document;
  readonly target: unknown;
  readonly requests: readonly EvalRequest[];
  readonly hashes: { readonly document: string; readonly prompt: string; readonly target: string };
}

/** What preparing needs to know of a run. */
export interface PrepareOptions extends PromptSettings {
  readonly fewshotSeed: number;
  /** So many documents from the first on; below 1 a share of them. */
  readonly limit?: number;
}

/**
 * Looks at a task's data, and at its first document as lm-evaluation-harness does.
 * @throws {BaimoError} `format` or `request` for what cannot be asked
 */
export function openTask(config: TaskConfig, documents: readonly Document[]): OpenTask {
  const [first] = documents;
  if (!first) throw new BaimoError("request", `${config.where}: there is no document to evaluate`);
  const fields = createFieldReader(config, Object.keys(first));
  const text = config.outputType === "loglikelihood_rolling" ? "" : fields.text(first);
  const target = fields.target(first);
  if (config.docToChoice !== null) {
    for (const [i, choice] of fields.choices(first).entries()) {
      if (choice === "")
        throw configError(config.where, "doc_to_choice", `has no text at ${i}: it has no likelihood`);
    }
  }
  return {
    config,
    documents,
    fields,
    choicesAsked: config.docToChoice !== null && typeof text === "number",
    manyTargets: Array.isArray(target),
  };
}

/** The documents of a split; the splits there are where it is missing. */
function splitOf(
  { splits, names }: Dataset,
  split: string,
  key: string,
  config: TaskConfig,
): readonly Document[] {
  const documents = splits.get(split);
  if (documents) return config.processDocs?.(documents) ?? documents;
  throw configError(config.where, key, `is ${split}; the data has the splits ${names.join(", ")}`);
}

/** The documents that a task evaluates. */
export function evaluatedDocuments(config: TaskConfig, dataset: Dataset): readonly Document[] {
  if (config.testSplit !== null) return splitOf(dataset, config.testSplit, "test_split", config);
  if (config.validationSplit !== null)
    return splitOf(dataset, config.validationSplit, "validation_split", config);
  throw configError(
    config.where,
    "test_split",
    "and validation_split are missing; one must name what is evaluated",
  );
}

function examplePool(config: TaskConfig, dataset: Dataset): readonly Document[] {
  const { fewshot, trainingSplit, validationSplit } = config;
  if (fewshot.split !== null) return splitOf(dataset, fewshot.split, "fewshot_split", config);
  if (fewshot.samples !== null) return fewshot.samples;
  if (trainingSplit !== null) return splitOf(dataset, trainingSplit, "training_split", config);
  if (validationSplit !== null) return splitOf(dataset, validationSplit, "validation_split", config);
  return evaluatedDocuments(config, dataset);
}

/** How many documents a limit leaves. */
export function limited(count: number, limit: number | undefined): number {
  if (limit === undefined || limit === 0) return count;
  return Math.min(count, limit < 1 ? Math.ceil(count * limit) : Math.floor(limit));
}

/** Builds every request of a task, with the hashes that results files have. */
export async function prepareTask(
  task: OpenTask,
  dataset: Dataset,
  options: PrepareOptions,
): Promise<PreparedDocument[]> {
  const { config, fields, choicesAsked } = task;
  const { numFewshot, fewshotSeed: seed } = options;
  const pool = numFewshot > 0 ? examplePool(config, dataset) : [];
  const sampler = createSampler(config.fewshot.sampler, pool, { seed, where: config.where });
  const source = { config, fields, sampler, choicesAsked };
  const prepared: PreparedDocument[] = [];
  for (const [id, document] of task.documents
    .slice(0, limited(task.documents.length, options.limit))
    .entries()) {
    const isRolling = config.outputType === "loglikelihood_rolling";
    const { chat } = options;
    const requests = config.build
      ? config.build(document, pool, { settings: config.generationKwargs ?? {}, chat })
      : buildRequests(document, isRolling ? [""] : buildPrompts(document, source, options), {
          config,
          fields,
          isChat: chat !== undefined,
          choicesAsked,
        });
    if (requests.length === 0)
      throw new BaimoError(
        "request",
        `${config.where}: document ${id} has no choice, so that nothing can be asked`,
      );
    for (const request of requests) checkRequest(request, config, id);
    const target = fields.target(document);
    prepared.push({ id, document, target, requests, hashes: await hashesOf(document, requests, target) });
  }
  return prepared;
}

function checkRequest(request: EvalRequest, { where }: TaskConfig, id: number): void {
  if (request.kind !== "loglikelihood" || request.continuation !== "") return;
  throw new BaimoError(
    "request",
    `${where}: document ${id} has an empty choice; what has no token has no likelihood`,
  );
}

async function hashesOf(document: Document, requests: readonly EvalRequest[], target: unknown) {
  return {
    document: await sha256(dumpJson(document, 2)),
    prompt: await sha256(String(argumentsOf(requests[0])[0])),
    target: await sha256(pythonText(target)),
  };
}

/** The hash of all of a task's documents. */
export const taskHash = (
  documents: readonly Pick<PreparedDocument, "hashes">[],
  copies = 1,
): Promise<string> =>
  sha256(
    Array.from({ length: copies }, () =>
      documents.map(({ hashes }) => hashes.document + hashes.prompt + hashes.target).join(""),
    ).join(""),
  );
