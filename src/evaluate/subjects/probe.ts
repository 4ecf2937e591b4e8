// What an endpoint can do, by at most six short questions whose answers are checked.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import { continuationLikelihood, echoedTokens, firstChoice } from "./echo.ts";
import { type EndpointClient, type Reply, usedTokens } from "./endpoint-client.ts";

/** Yes, or why not. */
export type Capability = { readonly can: true } | { readonly can: false; readonly why: string };

/** What was found. */
export interface Capabilities {
  readonly chat: Capability;
  readonly completions: Capability;
  /** Log-probabilities of a prompt that is echoed: tasks by likelihood need them. */
  readonly echo: Capability;
  readonly topLogprobs: Capability;
  readonly seed: Capability;
  readonly systemRole: Capability;
  readonly usage: Capability;
}

const YES: Capability = { can: true };
const no = (why: string): Capability => ({ can: false, why });
const MOST = 64;
const TEXT = "One two three four five six";

/** Asks. A failure of one question is an answer to it. */
export async function probeEndpoint(
  client: EndpointClient,
  model: string,
  signal?: AbortSignal,
): Promise<Capabilities> {
  const ask = async (path: string, body: Reply): Promise<Reply | string> => {
    try {
      return await client.post(path, { model, ...body }, MOST, signal);
    } catch (error) {
      if (!(error instanceof BaimoError) || error.code !== "request") throw error;
      return error.message;
    }
  };
  const user = { role: "user", content: "Say one word." };
  const chat = await ask("/chat/completions", { messages: [user], max_tokens: 4, temperature: 0 });
  const completion = await ask("/completions", { prompt: TEXT, max_tokens: 2, temperature: 0 });
  const echo = await ask("/completions", {
    prompt: TEXT,
    max_tokens: 0,
    echo: true,
    logprobs: 1,
    temperature: 0,
  });
  const canChat =
    typeof chat === "string" ? no(chat) : textOf(chat) === undefined ? no("it answered no text") : YES;
  const canComplete =
    typeof completion === "string"
      ? no(completion)
      : textOf(completion) === undefined
        ? no("it answered no text")
        : YES;
  const system = { role: "system", content: "Answer in English." };
  const withSystem = canChat.can
    ? await ask("/chat/completions", {
        messages: [system, user],
        max_tokens: 4,
        logprobs: true,
        top_logprobs: 2,
      })
    : "it does not chat";
  const [path, prompt] = canChat.can
    ? ["/chat/completions", { messages: [user] }]
    : ["/completions", { prompt: TEXT }];
  const drawn = Object.assign({ max_tokens: 8, temperature: 1, seed: 7 }, prompt);
  const twice = [await ask(path, drawn), await ask(path, drawn)];
  const replies = [chat, completion].filter((reply) => typeof reply !== "string");
  return {
    chat: canChat,
    completions: canComplete,
    echo: typeof echo === "string" ? no(echo) : checkEcho(echo),
    topLogprobs: typeof withSystem === "string" ? no(withSystem) : checkTop(withSystem),
    seed: sameText(twice) ? YES : no("the same seed gave two answers, or none"),
    systemRole: typeof withSystem === "string" ? no(withSystem) : YES,
    usage:
      replies.length > 0 && replies.every((reply) => (usedTokens(reply) ?? 0) > 0)
        ? YES
        : no("it counts no tokens"),
  };
}

function textOf(reply: Reply): string | undefined {
  const choice = firstChoice(reply);
  const text = isRecord(choice?.message) ? choice.message.content : choice?.text;
  return typeof text === "string" && text !== "" ? text : undefined;
}

const sameText = (replies: readonly (Reply | string)[]): boolean => {
  const [first, second] = replies.map((reply) => (typeof reply === "string" ? undefined : textOf(reply)));
  return first !== undefined && first === second;
};

/** Whether log-probabilities of the prompt are there, are more than one, and are not all zero. */
function checkEcho(reply: Reply): Capability {
  const echoed = echoedTokens(reply);
  if (!echoed) return no("it reports no log-probabilities of the prompt, or lists of different length");
  const known = echoed.logprobs.filter((one) => one !== null);
  if (known.length < 2) return no(`it reports ${known.length} log-probabilities for the prompt`);
  if (known.every((one) => one === 0)) return no("all log-probabilities are zero");
  const context = TEXT.slice(0, TEXT.lastIndexOf(" "));
  const found = continuationLikelihood(echoed, context, TEXT);
  return found ? YES : no("its tokens do not say where a continuation begins");
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
