// Search: where words stand in one's conversations.
import { required, text } from "../../../option-kinds.ts";
import type { Route } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { appGet } from "../app-route.ts";
import { wholeText } from "../query.ts";
import { hit, listOf } from "../schemas.ts";

export const searchRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/search",
    summary: "Finds words in titles and messages, the latest first.",
    query: { q: required(text({ least: 0, most: 1000 })), limit: wholeText(1, 100) },
    answer: objectOf({ hits: listOf(hit) }),
    handle: ({ app, user, query: { q, limit = 30 } }) => ({
      hits: app.store.search.find(user.key, q, limit),
    }),
  }),
];
