// The scenarios that the view opens with: examples, to be overwritten with one's own numbers.
import type { Scenario } from "../../../src/plan/index.ts";

export const examples: Readonly<{ [P in Scenario["plan"]]: Extract<Scenario, { plan: P }> }> = {
  roi: {
    plan: "roi",
    options: {
      work: [
        {
          tasksPerMonth: { value: 20_000, low: 15_000, high: 26_000 },
          minutesPerTask: { value: 6, low: 4, high: 9 },
          hourlyWage: { value: 60, low: 45, high: 75 },
          modelCostPerTask: { value: 0.12, low: 0.05, high: 0.3 },
          acceptance: { value: 0.87, low: 0.79, high: 0.92 },
          reviewMinutes: { value: 1, low: 0.5, high: 2 },
          errorRate: { value: 0.01, low: 0.005, high: 0.03 },
          errorCost: { value: 50, low: 20, high: 120 },
        },
      ],
      fixedPerMonth: { value: 40_000, low: 30_000, high: 60_000 },
      currency: "USD",
    },
  },
  serve: {
    plan: "serve",
    model: "Llama 3 70B",
    options: {
      accelerator: "H100-SXM",
      batch: 16,
      price: { value: 10, low: 8, high: 14 },
      api: 0.9,
      currency: "USD",
    },
  },
  train: {
    plan: "train",
    model: "Llama 2 7B",
    options: {
      accelerator: "H100-SXM",
      gpus: 64,
      price: { value: 2.5, low: 2, high: 3.5 },
      currency: "USD",
    },
  },
  may: { plan: "may", question: { uses: ["LicenseRef-Llama-3.1"], action: "commercial-use", facts: {} } },
};
