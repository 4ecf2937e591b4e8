// Answers under way: read from any place, by any number of readers; stop.
import type { Route } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { appGet, appPost } from "../app-route.ts";
import { eventsAfter, isOver } from "../event-stream.ts";
import { messageOf } from "../find.ts";
import { wholeText } from "../query.ts";
import { message, OBJECT } from "../schemas.ts";
import { shownMessage } from "../shown.ts";

export const answerRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/answers/{id}/events",
    summary: "The events of an answer after one of them, as they come; 204 when there will be none.",
    query: { after: wholeText(0, 1e15) },
    type: "text/event-stream",
    answer: OBJECT,
    handle(call) {
      const { app, query, request, server } = call;
      const { message } = messageOf(call);
      const seen = /^\d{1,15}$/.exec(request.headers.get("last-event-id") ?? "");
      const after = seen ? Number(seen[0]) : (query.after ?? 0);
      if (isOver(app, message, after)) return new Response(null, { status: 204 });
      return server.streamText(eventsAfter(app, message.key, after), "text/event-stream");
    },
  }),
  appPost({
    path: "/app/v1/answers/{id}/stop",
    summary: "Stops an answer; what it has said stays.",
    body: {},
    answer: objectOf({ message }),
    async handle(call) {
      const { app } = call;
      const { message } = messageOf(call);
      await app.answers.stop(message.key);
      return { message: shownMessage(app.store.messages.get(message.key)) };
    },
  }),
];
