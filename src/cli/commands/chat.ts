// `baimo chat`: a conversation in the terminal.
import { join } from "node:path";
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { ChatMessage, Finish, GenerateOptions, Model } from "../../generate/types.ts";
import { dataFolder } from "../environment.ts";
import { INTERRUPTED, listenForInterrupt } from "../interrupt.ts";
import { createLineReader, type LineReader } from "../line-reader.ts";
import { openModel } from "../open-model.ts";
import {
  addAdapterOption,
  addDraftOption,
  addEngineOptions,
  addSamplingOptions,
  addTemplateOption,
  type CommandContext,
  checkBias,
  checkLogprobs,
  type EngineFlags,
  MODEL_HELP,
  type SamplingFlags,
  toGenerateOptions,
} from "../options.ts";
import { hasPipedInput, type Terminal } from "../terminal.ts";

interface ChatFlags extends EngineFlags, SamplingFlags {
  system?: string;
  json?: boolean;
}

const HELP = `/again          answer the last message anew
/clear          begin a new conversation
/system TEXT    set the system message, and begin anew
/help           this list
/quit           leave (also Ctrl-D)
A line that ends in \\ goes on in the next. Ctrl-C stops an answer.`;

/** From this part of the context on, the oldest exchange is forgotten before the next message. */
const NEARLY_FULL = 0.7;

/** Adds the command. */
export function addChat(program: Command, context: CommandContext): Command {
  const command = program
    .command("chat")
    .summary("talk to a model in the terminal")
    .description(
      "Talks to a model in the terminal. Ctrl-C stops an answer, /quit or Ctrl-D leaves, /help lists the rest.",
    )
    .argument("[model]", `${MODEL_HELP}; left out: poet, the embedded model`)
    .option("--system <text>", "the system message")
    .option("--json", "print the events, one JSON value a line; each line of standard input is a message");
  addTemplateOption(addDraftOption(addAdapterOption(addEngineOptions(addSamplingOptions(command)))));
  return command.action(async (source: string | undefined, flags: ChatFlags) => {
    checkLogprobs(command, flags);
    const options = toGenerateOptions(flags);
    const interrupt = listenForInterrupt();
    const model = await openModel(source, flags, context.terminal, interrupt.signal).finally(() =>
      interrupt.release(),
    );
    try {
      checkBias(command, flags, model.config.vocabSize);
      if (model.tokenizer.chatTemplate === undefined) {
        throw new BaimoError(
          "request",
          `${model.name} has no chat template; continue texts with: baimo run --raw`,
        );
      }
      await talk(model, options, flags, context);
    } finally {
      await model.dispose();
    }
  });
}

/** A conversation so far. */
interface Conversation {
  system?: string;
  messages: ChatMessage[];
  /** How often the last message was answered anew: with a given seed each answer has its own. */
  retries: number;
}

async function talk(
  model: Model,
  options: GenerateOptions,
  flags: ChatFlags,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const quiet = hasPipedInput() || !terminal.interactive || flags.json === true;
  const explain = (text: string) => {
    if (!flags.json) terminal.line(terminal.dim(text));
  };
  const reader = createLineReader({
    historyFile: join(dataFolder(), "chat-history"),
    onIdleInterrupt: () => explain("(/quit or Ctrl-D leaves)"),
  });
  const conversation: Conversation = { system: flags.system, messages: [], retries: 0 };
  const { threads } = model.engine;
  if (!quiet) {
    explain(
      `${model.name}, ${threads} ${threads === 1 ? "thread" : "threads"}, context ${model.contextLength}; /help`,
    );
  }
  try {
    for (;;) {
      const text = await readMessage(reader);
      if (text === undefined) return;
      const next = applyLine(text, conversation, explain);
      if (next === "quit") return;
      if (next === "answer" && !(await answer(model, conversation, options, flags, context, quiet))) return;
    }
  } finally {
    reader.close();
  }
}

/** One message: a line, or several joined by a backslash at the end. */
async function readMessage(reader: LineReader): Promise<string | undefined> {
  let text = "";
  for (let prompt = "> "; ; prompt = "  ") {
    const line = await reader.next(prompt);
    if (line === undefined) return text === "" ? undefined : text;
    if (!line.endsWith("\\")) return text + line;
    text += `${line.slice(0, -1)}\n`;
  }
}

/** Carries out a command, or adds a message to the conversation. */
function applyLine(
  text: string,
  conversation: Conversation,
  explain: (text: string) => void,
): "answer" | "quit" | "nothing" {
  const { messages } = conversation;
  const [word, ...rest] = text.trim().split(" ");
  const begin = (system: string | undefined) => {
    messages.length = 0;
    conversation.retries = 0;
    conversation.system = system;
    explain("(a new conversation)");
    return "nothing" as const;
  };
  switch (word) {
    case "":
      return "nothing";
    case "/quit":
    case "/exit":
      return "quit";
    case "/clear":
      return begin(conversation.system);
    case "/system":
      return begin(rest.join(" ") || undefined);
    case "/again":
      if (messages.at(-1)?.role === "assistant") messages.pop();
      if (messages.length === 0) {
        explain("(there is no message to answer)");
        return "nothing";
      }
      conversation.retries++;
      return "answer";
    case "/help":
      explain(HELP);
      return "nothing";
    default:
      if (word.startsWith("/") && /^\/[a-z]+$/.test(word)) {
        explain(`(no such command: ${word}; /help lists them)`);
        return "nothing";
      }
      conversation.retries = 0;
      messages.push({ role: "user", content: text });
      return "answer";
  }
}

/** Answers the last message; false when the program should end. */
async function answer(
  model: Model,
  conversation: Conversation,
  options: GenerateOptions,
  flags: ChatFlags,
  context: CommandContext,
  quiet: boolean,
): Promise<boolean> {
  const { terminal } = context;
  const stopper = new AbortController();
  const stop = () => stopper.abort();
  process.on("SIGINT", stop);
  const { messages } = conversation;
  const seed = options.seed === undefined ? undefined : options.seed + conversation.retries;
  let text = "";
  let full = false;
  try {
    for (;;) {
      const system =
        conversation.system === undefined ? [] : [{ role: "system", content: conversation.system }];
      try {
        const finish = await streamAnswer(
          model,
          [...system, ...messages],
          { ...options, seed, signal: stopper.signal },
          flags,
          terminal,
          (delta) => {
            text += delta;
          },
        );
        full =
          (finish.usage.promptTokens + finish.usage.completionTokens) / model.contextLength > NEARLY_FULL;
        if (!flags.json) {
          terminal.line(finish.reason === "aborted" && !quiet ? terminal.dim(" (stopped)") : "");
          if (!quiet) terminal.line(terminal.dim(speed(finish)));
        }
        break;
      } catch (error) {
        // Room for the answer: the oldest exchange goes, as long as there is one before the last message.
        if (!(error instanceof BaimoError && error.code === "context") || messages.length < 3) throw error;
        messages.splice(0, 2);
        terminal.note("(the context is full: the oldest exchange was forgotten)");
      }
    }
  } catch (error) {
    if (!(error instanceof BaimoError) || error.code === "device") throw error;
    if (quiet) throw error;
    if (error.code !== "aborted") terminal.note(`baimo: ${error.message}`);
  } finally {
    process.off("SIGINT", stop);
  }
  if (text === "") messages.pop();
  else messages.push({ role: "assistant", content: text });
  if (full && messages.length > 2) {
    messages.splice(0, 2);
    if (!quiet) terminal.line(terminal.dim("(the oldest exchange is forgotten, to leave room for answers)"));
  }
  if (stopper.signal.aborted && hasPipedInput()) {
    context.exitCode = INTERRUPTED; // nobody is there to type the next message
    return false;
  }
  return true;
}

async function streamAnswer(
  model: Model,
  messages: ChatMessage[],
  options: GenerateOptions,
  flags: ChatFlags,
  terminal: Terminal,
  onText: (text: string) => void,
): Promise<Finish> {
  const events = model.chat(messages, options);
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
    const event = next.value;
    if (flags.json) terminal.jsonLine(event);
    if (event.type !== "text-delta") continue;
    onText(event.text);
    if (!flags.json) terminal.writeAnswer(event.text);
  }
}

function speed({ usage, timings }: Finish): string {
  const rate = timings.generationMs > 0 ? (usage.completionTokens / timings.generationMs) * 1000 : 0;
  return `(${usage.completionTokens} tokens, ${rate.toFixed(1)} a second)`;
}
