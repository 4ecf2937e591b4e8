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
      requests_active: { value: active, help: "Requests that models work on." },
      requests_waiting: { value: waiting, help: "Requests that wait for a model." },
      models: { value: models.length, help: "Models that can be asked for." },
      models_loaded: { value: ready, help: "Models in memory." },
      models_bytes: { value: server.models.usedBytes, help: "Bytes that the models in memory take." },
    };
    const headers = { "content-type": `${TYPE}; version=0.0.4; charset=utf-8` };
    return new Response(server.metrics.toText(now), { headers });
  },
});
