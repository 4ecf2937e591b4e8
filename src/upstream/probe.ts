// What an endpoint can do, by a few short questions whose answers are checked.
import { isRecord } from "../json.ts";
import { echoBody, echoedScore, echoedTokens, firstChoice, type Reply } from "./echo.ts";

/** Yes, or why not. */
export type Capability = { readonly can: true } | { readonly can: false; readonly why: string };

/** Asks one question. A text says why there is no answer. */
export type Ask = (path: string, body: Reply) => Promise<Reply | string>;

/** Most tokens that a question and its answer take. */
export const MOST_PROBE_TOKENS = 64;

const YES: Capability = { can: true };
const no = (why: string): Capability => ({ can: false, why });

const TEXT = "One two three four five six";
const user = { role: "user", content: "Say one word." };
const system = { role: "system", content: "Answer in English." };
const parameters = { type: "object", properties: {} };
const tools = [{ type: "function", function: { name: "nothing", description: "Does nothing.", parameters } }];

type Answer = Promise<Reply | string>;

/** The questions, each asked once, when its answer is needed. */
function questions(ask: Ask) {
  const asked = new Map<string, Answer>();
  const once = (name: string, path: string, body: Reply): Answer => {
    const answer = asked.get(name) ?? ask(path, body);
    asked.set(name, answer);
    return answer;
  };
  const chat = (name: string, body: Reply) => once(name, "/chat/completions", { messages: [user], ...body });
  const complete = (name: string, body: Reply) => once(name, "/completions", { prompt: TEXT, ...body });
  const drawn = { max_tokens: 8, temperature: 1, seed: 7 };
  return {
    chat: () => chat("chat", { max_tokens: 4, temperature: 0 }),
    tools: () => chat("tools", { max_tokens: 4, temperature: 0, tools }),
    system: () =>
      chat("system", { messages: [system, user], max_tokens: 4, logprobs: true, top_logprobs: 2 }),
    completion: () => complete("completion", { max_tokens: 2, temperature: 0 }),
    echo: () => complete("echo", echoBody(TEXT)),
    seeded: (isChat: boolean, time: number) =>
      isChat ? chat(`seeded ${time}`, drawn) : complete(`seeded ${time}`, drawn),
    embedding: () => once("embedding", "/embeddings", { input: "One" }),
    ranks: () => once("ranks", "/rerank", { query: "One", documents: ["One", "Two"] }),
  };
}

type Questions = ReturnType<typeof questions>;

/** What each capability is known by. */
const CHECKS = {
  chat: async (asked: Questions) => saysText(await asked.chat()),
  tools: async (asked: Questions) => saysText(await asked.tools()),
  completions: async (asked: Questions) => saysText(await asked.completion()),
  /** Log-probabilities of a prompt that is echoed. */
  echo: async (asked: Questions) => checked(await asked.echo(), checkEcho),
  topLogprobs: async (asked: Questions) => ifChat(asked, async () => checked(await asked.system(), checkTop)),
  systemRole: async (asked: Questions) => ifChat(asked, async () => saysText(await asked.system())),
  seed: async (asked: Questions) => {
    const isChat = saysText(await asked.chat()).can;
    const [first, second] = [await asked.seeded(isChat, 1), await asked.seeded(isChat, 2)].map(textOf);
    return first && first === second ? YES : no("the same seed gave two answers, or none");
  },
  usage: async (asked: Questions) => {
    const replies = [await asked.chat(), await asked.completion()].filter((each) => typeof each !== "string");
    const counts = replies.length > 0 && replies.every((reply) => (usedTokens(reply) ?? 0) > 0);
    return counts ? YES : no("it counts no tokens");
  },
  embeddings: async (asked: Questions) => checked(await asked.embedding(), checkVector),
  rerank: async (asked: Questions) => checked(await asked.ranks(), checkRanks),
};

export type CapabilityName = keyof typeof CHECKS;

/** Finds out about some capabilities, one question after another. */
export async function probe<const Name extends CapabilityName>(
  ask: Ask,
  names: readonly Name[],
): Promise<Record<Name, Capability>> {
  const asked = questions(ask);
  const found: Partial<Record<Name, Capability>> = {};
  for (const name of names) found[name] = await CHECKS[name](asked);
  return found as Record<Name, Capability>; // each was found
}

/** The tokens that a reply says it took; undefined where it says nothing. */
export function usedTokens({ usage }: Reply): number | undefined {
  if (!isRecord(usage)) return undefined;
  const total = Number(usage.total_tokens);
  return Number.isFinite(total) && total >= 0 ? total : undefined;
}

const checked = (answer: Reply | string, check: (reply: Reply) => Capability): Capability =>
  typeof answer === "string" ? no(answer) : check(answer);

const ifChat = async (asked: Questions, check: () => Promise<Capability>): Promise<Capability> =>
  saysText(await asked.chat()).can ? check() : no("it does not chat");

const saysText = (answer: Reply | string): Capability =>
  checked(answer, (reply) => (textOf(reply) === undefined ? no("it answered no text") : YES));

/** The text of an answer; of one that only reasoned or called so far, "". */
function textOf(reply: Reply | string): string | undefined {
  if (typeof reply === "string") return undefined;
  const choice = firstChoice(reply);
  const text = isRecord(choice?.message) ? (choice.message.content ?? "") : choice?.text;
  return typeof text === "string" ? text : undefined;
}

/** Whether log-probabilities of the prompt are there, are more than one, and are not all zero. */
function checkEcho(reply: Reply): Capability {
  const echoed = echoedTokens(reply);
  if (!echoed) return no("it reports no log-probabilities of the prompt, or lists of different length");
  const known = echoed.logprobs.filter((one) => one !== null);
  if (known.length < 2) return no(`it reports ${known.length} log-probabilities for the prompt`);
  if (known.every((one) => one === 0)) return no("all log-probabilities are zero");
  const at = TEXT.lastIndexOf(" ");
  return echoedScore(reply, TEXT.slice(0, at), TEXT.slice(at))
    ? YES
    : no("its tokens do not say where a continuation begins, or do not reach the end of the text");
}

function checkTop(reply: Reply): Capability {
  const logprobs = firstChoice(reply)?.logprobs;
  const content = isRecord(logprobs) && Array.isArray(logprobs.content) ? logprobs.content : [];
  const tops = content.map((one) =>
    isRecord(one) && Array.isArray(one.top_logprobs) ? one.top_logprobs : [],
  );
  if (tops.length === 0 || tops.some((top) => top.length !== 2))
    return no("it reports no alternatives of its tokens");
  const all = tops.flat().map((one) => (isRecord(one) ? Number(one.logprob) : Number.NaN));
  return all.some((one) => one < 0) ? YES : no("all log-probabilities are zero");
}

function checkVector({ data }: Reply): Capability {
  const [first] = Array.isArray(data) ? data : [];
  const vector = isRecord(first) ? first.embedding : undefined;
  const isVector =
    Array.isArray(vector) && vector.length > 0 && vector.every((each) => Number.isFinite(each));
  return isVector ? YES : no("it answered no vector");
}

function checkRanks({ results }: Reply): Capability {
  const ranks = Array.isArray(results) ? results : [];
  const areRanks =
    ranks.length === 2 && ranks.every((each) => isRecord(each) && isShare(each.relevance_score));
  return areRanks ? YES : no("it answered no scores from 0 to 1");
}

const isShare = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 1;
