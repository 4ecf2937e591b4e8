// `baimo run`: one prompt, one answer.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { ChatEvent, Finish, GenerateOptions, Model } from "../../generate/types.ts";
import { POET } from "../../poet.ts";
import { findModel, looksLikeModel, namesModel } from "../find-model.ts";
import { INTERRUPTED } from "../interrupt.ts";
import { withModel } from "../open-model.ts";
import {
  addAdapterOption,
  addDraftOption,
  addEngineOptions,
  addSamplingOptions,
  type CommandContext,
  checkBias,
  checkIds,
  checkLogprobs,
  type EngineFlags,
  MODEL_HELP,
  nonEmpty,
  type SamplingFlags,
  toGenerateOptions,
  tokenIds,
} from "../options.ts";
import { hasPipedInput, readInput } from "../terminal.ts";

interface RunFlags extends EngineFlags, SamplingFlags {
  model?: string;
  tokens?: number[];
  raw?: boolean;
  system?: string;
  json?: boolean;
  stats?: boolean;
}

/** What to ask, and of which model; no model means the embedded one. */
interface Request {
  model?: string;
  prompt: string | number[];
}

/** Adds the command. */
export function addRun(program: Command, context: CommandContext): Command {
  const command = program
    .command("run")
    .summary("answer one prompt")
    .description(
      "Answers one prompt. A model with a chat template is asked as in a chat; with --raw, --tokens, or without a " +
        "template the text is continued. The prompt may come from standard input.",
    )
    .argument("[model]", `${MODEL_HELP}; left out: poet, the embedded model`)
    .argument("[prompt...]", "the prompt")
    .option("-m, --model <model>", "the model, where the first word would be taken for the prompt", nonEmpty)
    .option("--tokens <ids>", "continue these token ids, for example 1,2,3", tokenIds)
    .option("--raw", "continue the text, without the chat template")
    .option("--system <text>", "a system message before the prompt")
    .option("--stats", "tell the speed afterwards")
    .option("--json", "print the events, one JSON value a line");
  addDraftOption(addAdapterOption(addEngineOptions(addSamplingOptions(command))));
  return command.action(async (first: string | undefined, rest: string[], flags: RunFlags) => {
    const options = toGenerateOptions(flags);
    if (flags.tokens && (flags.raw || flags.system !== undefined)) {
      command.error("error: --tokens continues ids as they are; --raw and --system do not go with it");
    }
    if (flags.raw && flags.system !== undefined) {
      command.error("error: --system needs the chat template, which --raw leaves out");
    }
    checkLogprobs(command, flags);
    const request = await readRequest(first === undefined ? rest : [first, ...rest], flags, command);
    await withModel(request.model, flags, context.terminal, async (model, signal) => {
      const { vocabSize } = model.config;
      if (flags.tokens) checkIds(command, "--tokens", flags.tokens, vocabSize);
      checkBias(command, flags, vocabSize);
      const finish = await answer(model, request.prompt, flags, { ...options, signal }, context);
      if (finish.reason === "aborted") context.exitCode = INTERRUPTED;
    });
  });
}

/**
 * Tells model and prompt apart: the first word is a model when it names one. One that was probably meant for a model is never
 * taken for a prompt.
 */
async function readRequest(words: string[], flags: RunFlags, command: Command): Promise<Request> {
  const [first] = words;
  const named =
    flags.model === undefined && first !== undefined && (flags.tokens !== undefined || namesModel(first));
  if (!named && flags.model === undefined && first && looksLikeModel(first, words.length > 1)) {
    await findModel(first).catch((error: Error) => {
      const prompt = JSON.stringify(words.join(" "));
      throw new BaimoError("request", `${error.message}; as a prompt: baimo run -m ${POET} ${prompt}`);
    });
  }
  const model = flags.model ?? (named ? first : undefined);
  const text = (named ? words.slice(1) : words).join(" ");
  if (flags.tokens) {
    if (text !== "") command.error("error: give either a prompt or --tokens, not both");
    return { model, prompt: flags.tokens };
  }
  if (text !== "" && text !== "-") return { model, prompt: text };
  if (text === "" && !hasPipedInput()) command.error("error: there is no prompt; give one, or pipe one in");
  const piped = (await readInput()).replace(/\r?\n$/, "");
  if (piped === "") command.error("error: the prompt is empty");
  return { model, prompt: piped };
}

async function answer(
  model: Model,
  prompt: string | number[],
  flags: RunFlags,
  options: GenerateOptions,
  { terminal }: CommandContext,
): Promise<Finish> {
  const events = startAnswer(model, prompt, flags, options);
  let last = "";
  for (;;) {
    const next = await events.next();
    if (next.done) {
      if (!flags.json && !last.endsWith("\n")) terminal.line();
      if (flags.stats) terminal.note(formatStats(next.value));
      return next.value;
    }
    const event = next.value;
    if (flags.json) terminal.jsonLine(event);
    else if (event.type === "text-delta") {
      terminal.writeAnswer(event.text);
      if (event.text !== "") last = event.text;
    }
  }
}

function startAnswer(
  model: Model,
  prompt: string | number[],
  flags: RunFlags,
  options: GenerateOptions,
): AsyncGenerator<ChatEvent, Finish> {
  const template = model.tokenizer.chatTemplate !== undefined;
  if (typeof prompt !== "string" || flags.raw || (!template && flags.system === undefined)) {
    return model.complete(prompt, options);
  }
  if (!template) {
    throw new BaimoError("request", `${model.name} has no chat template, so --system has no place to go`);
  }
  const system = flags.system === undefined ? [] : [{ role: "system", content: flags.system }];
  return model.chat([...system, { role: "user", content: prompt }], options);
}

/** How often experts were in memory. */
function formatExperts({ hits, misses, readAhead }: NonNullable<Finish["experts"]>): string {
  const inMemory = ((100 * hits) / (hits + misses)).toFixed(1);
  const ahead = misses > 0 ? `, ${((100 * readAhead) / misses).toFixed(1)}% of the others read ahead` : "";
  return `; experts in memory ${inMemory}% of the time${ahead}`;
}

/** Counts and speeds of one answer, on one line. */
export function formatStats({ usage, timings, seed, reason, experts, speculation }: Finish): string {
  const rate = (tokens: number, ms: number) => (ms > 0 ? ((tokens / ms) * 1000).toFixed(1) : "-");
  const fresh = usage.promptTokens - usage.cachedTokens;
  const guesses = speculation ? `; ${speculation.accepted} of ${speculation.drafted} guesses right` : "";
  return (
    `prompt ${usage.promptTokens} tokens (${rate(fresh, timings.promptMs)}/s), ` +
    `answer ${usage.completionTokens} tokens (${rate(usage.completionTokens, timings.generationMs)}/s), ` +
    `seed ${seed}, ended by ${reason}${guesses}${experts ? formatExperts(experts) : ""}`
  );
}
