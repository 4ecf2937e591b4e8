// Makes a job of each request.
import type { RunShape } from "../../backends/device.ts";
import type { Transformer } from "../../models/forward/model.ts";
import type { WeightPlan } from "../../models/weights/tensor-plan.ts";
import type { FromWorker, GivenConstraint, TokenRequest } from "../protocol.ts";
import type { AnswerConstraint, Constraints } from "./answer-constraint.ts";
import { Draft, type Drafts } from "./drafts.ts";
import { Embedding } from "./embedding.ts";
import { Generation } from "./generation.ts";
import type { Job } from "./job.ts";
import { LogitsJob } from "./logits-job.ts";
import { LookUp } from "./look-up.ts";
import { Measurement } from "./measurement.ts";
import type { Outbox } from "./outbox.ts";
import { Scoring } from "./scoring.ts";

/** What jobs know of the engine. */
export interface JobSetting {
  readonly model: Transformer;
  readonly plan: WeightPlan;
  readonly shape: RunShape;
  readonly emit: (message: FromWorker) => void;
  readonly outbox: Outbox;
  readonly constraints: Constraints;
  readonly drafts: Drafts;
  /** Whether tokens may run before it is known that they come. */
  readonly canGuess: boolean;
}

/** The job of a request. @throws {BaimoError} `request` for what the model or a constraint cannot do */
export function createJob(id: number, request: TokenRequest, setting: JobSetting): Job {
  const { model, plan, shape, outbox, emit, drafts, canGuess } = setting;
  const { config, backend } = model;
  switch (request.kind) {
    case "generate":
      return new Generation(
        request,
        {
          vocabSize: config.vocabSize,
          contextLength: shape.contextLength,
          pages: backend.pages,
          constraint: constraintOf(request.constraint, setting),
          guessSource: (by) => {
            if (!canGuess) return undefined;
            return by === "draft" ? new Draft(drafts) : new LookUp();
          },
        },
        {
          onToken: (token) => outbox.add(id, token),
          onProgress: (done, total) => emit({ type: "prompt-progress", id, done, total }),
        },
      );
    case "logits":
      return new LogitsJob(request, config);
    case "measure":
      return new Measurement(request, model, plan);
    case "score":
      return new Scoring(request);
    case "embed":
      return new Embedding(request, model);
  }
}

function constraintOf(
  given: GivenConstraint | undefined,
  { constraints }: JobSetting,
): AnswerConstraint | undefined {
  return given && constraints.begin(given);
}
