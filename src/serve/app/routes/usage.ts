// What one's answers took.
import { schemaOf } from "../../../option-kinds.ts";
import { priceTable } from "../../../upstream/price.ts";
import type { EnergyMeter } from "../../energy.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet } from "../app-route.ts";
import { wholeText } from "../query.ts";
import { listOf, orNull } from "../schemas.ts";

const NUMBER = { type: "number" };
const DAY_MS = 24 * 3600 * 1000;

/** What there is to say of figures of energy; null where there will be none. */
const told = (meter: EnergyMeter | undefined) =>
  meter
    ? {
        from: meter.from,
        watts: meter.watts ?? null,
        source: meter.source ?? null,
        date: meter.date ?? null,
      }
    : null;

export const usageRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/usage",
    summary: "Tokens, time, energy and cost of one's answers, by day, model and assistant.",
    query: { days: wholeText(1, 3660) },
    answer: objectOf({
      usage: listOf(
        objectOf({
          day: TEXT,
          model: TEXT,
          assistant: TEXT,
          energyFrom: { type: "string", enum: ["measured", "stated", ""] },
          currency: TEXT,
          answers: COUNT,
          promptTokens: COUNT,
          cachedTokens: COUNT,
          completionTokens: COUNT,
          promptMs: NUMBER,
          generationMs: NUMBER,
          joules: NUMBER,
          cost: NUMBER,
        }),
      ),
      energy: orNull(
        objectOf({ from: TEXT, watts: orNull(NUMBER), source: orNull(TEXT), date: orNull(TEXT) }),
      ),
      prices: listOf(objectOf({ model: TEXT, price: schemaOf(priceTable) })),
    }),
    handle: ({ app, user, server, query: { days = 30 } }) => ({
      usage: app.store.usage.list(user.key, Date.now() - (days - 1) * DAY_MS),
      energy: told(server.options.energy),
      prices: server.models.prices(),
    }),
  }),
];
