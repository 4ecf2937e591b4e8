// GET /metrics: counts and times for Prometheus.
import { get } from "../route.ts";

const TYPE = "text/plain";

export const metrics = get({
  path: "/metrics",
  scope: "metrics",
  summary: "Counts and times in Prometheus' text format.",
  answers: { [TYPE]: { type: "string" } },
  handle({ server }) {
    const { active, waiting } = server.queue;
    const models = server.models.states();
    const ready = models.filter(({ state }) => state === "ready" || state === "leaving").length;
    const now = {
      requests_active: active,
      requests_waiting: waiting,
      models: models.length,
      models_loaded: ready,
      models_bytes: server.models.usedBytes,
    };
    const headers = { "content-type": `${TYPE}; version=0.0.4; charset=utf-8` };
    return new Response(server.metrics.toText(now), { headers });
  },
});
