// What a run would ask, take and cost, before it is begun.
import { costOf } from "../upstream/price.ts";
import type { PreparedRun, PreparedTask } from "./prepare-run.ts";
import { questionsOf } from "./run.ts";
import type { Subject } from "./subjects/subject.ts";
import type { EvalRequest } from "./tasks/eval-request.ts";
import { generationSettings } from "./tasks/generation-settings.ts";

/** What one task would ask. */
export interface PlannedTask {
  readonly task: string;
  readonly outputType: string;
  readonly documents: number;
  readonly requests: number;
  /** Of prompts. */
  readonly tokens: number;
  /** Most that answers may have. */
  readonly answerTokens: number;
  /** Left out where nothing is known of the time. */
  readonly seconds?: number;
  /** In the currency of the subject's price, where every answer is as long as it may be. */
  readonly amount?: number;
}

/**
 * Plans a run. Nothing but the first question of each task is asked, and only where the time of a request is not known.
 *
 * secondsEach  of a request
 */
export async function planRun(
  { tasks }: PreparedRun,
  subject: Subject,
  secondsEach?: number,
): Promise<PlannedTask[]> {
  const planned: PlannedTask[] = [];
  for (const prepared of tasks) {
    const { task, documents } = prepared;
    const { repeats, task: name, outputType, generationKwargs, where } = task.config;
    const all = documents.flatMap(({ requests }) => requests);
    const tokens = repeats * all.reduce((sum, request) => sum + tokensOf(request, subject), 0);
    const requests = repeats * all.length;
    const most = generationSettings(generationKwargs ?? {}, where).maxTokens;
    const answerTokens = outputType === "generate_until" ? requests * most : 0;
    const seconds =
      secondsEach === undefined ? await timed(prepared, subject, tokens) : secondsEach * requests;
    const amount = subject.price && costOf({ prompt: tokens, completion: answerTokens }, subject.price);
    planned.push({
      task: name,
      outputType,
      documents: documents.length,
      requests,
      tokens,
      answerTokens,
      seconds,
      amount,
    });
  }
  return planned;
}

function tokensOf(request: EvalRequest, subject: Subject): number {
  if (request.kind === "loglikelihood") return subject.countTokens(request.context + request.continuation);
  return subject.countTokens(request.kind === "generate_until" ? request.prompt : request.text);
}

/** The seconds of a task by those of its first question, as many times as it has tokens. */
async function timed(prepared: PreparedTask, subject: Subject, tokens: number): Promise<number> {
  const [{ question }] = questionsOf(prepared);
  const began = performance.now();
  await subject.ask([question]);
  const own = Math.max(1, tokensOf(question.request, subject));
  return ((performance.now() - began) / 1000) * (tokens / own);
}
