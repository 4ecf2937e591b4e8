// Conversations to learn from: the planner plans, with the right answers in a model's place.
import { writePlan } from "../../dist/src/dispatch/planner/plan-request.js";
import { wordsOfRequest } from "../../dist/src/dispatch/planner/words.js";
import { createRandom } from "../../dist/src/random.js";
import * as words from "./lexicon.mjs";
import { kinds, requestOf } from "./requests.mjs";
import { worldOf } from "./worlds.mjs";

/** Kinds of events that are seen only when it is judged. */
export const UNSEEN_EVENTS = ["harvest", "claim", "application"];
/** Kinds of requests that are seen only when it is judged. */
export const UNSEEN_KINDS = ["count"];

/** Worlds that are drawn until one has what a kind of request needs. */
const MOST_TRIES = 100;

/** Endless: {kind, lang, text, today, world, answers}; `unseen` for what training never draws. */
export function* drawRequests(seed, { unseen = false } = {}) {
  const random = createRandom(seed);
  const pick = (list) => list[random.integer(list.length)];
  const seen = Object.keys(words.events).filter((event) => !UNSEEN_EVENTS.includes(event));
  const drawn = Object.entries(kinds).filter(([kind]) => !UNSEEN_KINDS.includes(kind) || unseen);
  const bag = drawn.flatMap(([kind, [, weight]]) => Array(weight).fill(kind));
  for (;;) {
    const kind = pick(bag);
    const events = unseen && !UNSEEN_KINDS.includes(kind) ? UNSEEN_EVENTS : seen;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const world = worldOf(random, events);
      const lang = pick(["zh", "en"]);
      const today = `${2023 + random.integer(4)}-${String(1 + random.integer(12)).padStart(2, "0")}-${String(1 + random.integer(28)).padStart(2, "0")}`;
      const present = world.parts.map((part) => part.kind);
      const request = requestOf(kind, world, lang, random, {
        textsOf: (text) => wordsOfRequest(text, today).texts,
        others: seen.filter((event) => !present.includes(event)),
      });
      if (!request) continue;
      yield { kind, lang, today, world, text: request.text, answers: request.answers };
      break;
    }
  }
}

/** What a model sees and what it should say, turn by turn; `watch` is told each question. @throws {BaimoError} where the steps do not admit the answers */
export async function conversationOf({ text, today, world, answers }, watch) {
  const messages = [];
  let before = "";
  let next = 0;
  const ask = async (question, schema) => {
    const { system, request, state } = question;
    const prompt = `${system}\n\n${request}\n\n${state}`;
    const answer = JSON.stringify(answers[next++]);
    await watch?.(question, schema, answer);
    messages.push({ role: "user", content: prompt.slice(before.length) }, { role: "assistant", content: answer });
    before = prompt + answer;
    return answer;
  };
  await writePlan(text, { ask, catalogue: world.catalogue, asker: { role: world.role }, today, isBrief: true });
  if (next !== answers.length) throw new Error(`${next} of ${answers.length} answers were asked for: ${text}`);
  return messages;
}
