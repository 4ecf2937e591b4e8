// Comparisons: whose answer to a question was chosen, and how often each was.
import { list, required, text, whole } from "../../../option-kinds.ts";
import type { Answerer } from "../../../store/usage.ts";
import { badParameter } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf } from "../../schema-parts.ts";
import { appGet, appPost, notFound } from "../app-route.ts";
import { listOf } from "../schemas.ts";
import { winRates } from "../win-rates.ts";

const NUMBER = { type: "number" };
const ORNULL = { type: ["string", "null"] };
const RATES = objectOf({
  rates: listOf(
    objectOf({
      model: ORNULL,
      assistant: ORNULL,
      wins: COUNT,
      ties: COUNT,
      losses: COUNT,
      rate: NUMBER,
      low: NUMBER,
      high: NUMBER,
    }),
  ),
});

export const comparisonRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/comparisons",
    summary: "How often each model or assistant was chosen, with intervals of 95%.",
    answer: RATES,
    handle: ({ app, user }) => ({ rates: winRates(app.store.comparisons.list(user.key)) }),
  }),
  appPost({
    path: "/app/v1/comparisons",
    summary: "Writes down which of two to eight answers to one question was chosen, or that none was better.",
    body: {
      answers: required(list(text({ most: 256 }), { least: 2, most: 8 })),
      winner: whole({ min: 0, max: 7 }),
    },
    answer: RATES,
    handle({ app, user, body: { answers, winner } }) {
      const { messages, comparisons } = app.store;
      const found = answers.map((id) => {
        const message = messages.find(user.key, id);
        if (message?.role !== "assistant") throw notFound("answer", id);
        return message;
      });
      const parents = new Set(found.map(({ parent }) => parent));
      const [question] = parents;
      const isOne = parents.size === 1 && question && new Set(answers).size === answers.length;
      if (!isOne) {
        const message = "'answers' are not different answers to one question";
        throw badParameter("answers", "invalid_value", message);
      }
      if (winner !== undefined && winner >= answers.length) {
        const message = `'winner' is ${winner}, but there are ${answers.length} answers, counted from 0`;
        throw badParameter("winner", "invalid_value", message);
      }
      const contestants = found.map(({ model, assistant }): Answerer => ({ model, assistant }));
      const set = () => comparisons.set(user.key, { question, contestants, winner: winner ?? null });
      app.store.transaction(set);
      return { rates: winRates(comparisons.list(user.key)) };
    },
  }),
];
