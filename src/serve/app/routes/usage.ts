// What one's answers took.
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet } from "../app-route.ts";
import { wholeText } from "../query.ts";
import { listOf } from "../schemas.ts";

const NUMBER = { type: "number" };
const DAY_MS = 24 * 3600 * 1000;

export const usageRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/usage",
    summary: "Tokens and time of one's answers, by day, model and assistant.",
    query: { days: wholeText(1, 3660) },
    answer: objectOf({
      usage: listOf(
        objectOf({
          day: TEXT,
          model: TEXT,
          assistant: TEXT,
          answers: COUNT,
          promptTokens: COUNT,
          cachedTokens: COUNT,
          completionTokens: COUNT,
          promptMs: NUMBER,
          generationMs: NUMBER,
        }),
      ),
    }),
    handle: ({ app, user, query: { days = 30 } }) => ({
      usage: app.store.usage.list(user.key, Date.now() - (days - 1) * DAY_MS),
    }),
  }),
];
