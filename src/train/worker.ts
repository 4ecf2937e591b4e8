// A worker thread, one rank of a training: sets up, then does what every rank does at once.
import { Bus } from "../backends/bus.ts";
import { ownThread } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import { openByteSource } from "../formats/sources/open-byte-source.ts";
import { instantiateTraining } from "../kernels/backward/kernels.ts";
import { createLearner, type Learner } from "./learner.ts";
import type { FromRank, ToRank } from "./protocol.ts";
import { Machine } from "./tape/machine.ts";
import { layAnswers, scoreAnswers } from "./tasks/answers.ts";
import type { TaughtBatch } from "./tasks/next-tokens.ts";

const thread = await ownThread();
let learner: Learner | undefined;
let bus: Bus | undefined;

async function setUp(message: Extract<ToRank, { type: "setup" }>): Promise<Learner> {
  const { rank, module, memory, busShape, parts, objective } = message;
  const own = new Bus(message.bus, rank, busShape);
  bus = own;
  const machine = new Machine(memory, instantiateTraining(module, memory), {
    rank,
    ranks: busShape.ranks,
    barrier: () => own.barrier(),
  });
  const made = await createLearner(machine, parts, objective);
  machine.settle();
  const files = await Promise.all(message.files.map((file) => openByteSource(file)));
  await made.model.load(files);
  await Promise.all(files.map((file) => file.close()));
  return made;
}

/** The mean cross-entropy over some batches; nothing learns. */
function evaluate({ model }: Learner, batches: readonly TaughtBatch[]): FromRank {
  let sum = 0;
  let targets = 0;
  for (const batch of batches) {
    model.forward(batch);
    const { crossEntropy } = model.score(batch.targets);
    for (let row = 0; row < crossEntropy.length; row++) {
      sum += crossEntropy[row];
      if (batch.targets[row] >= 0) targets++;
    }
  }
  return { type: "evaluated", loss: sum / Math.max(1, targets), targets };
}

async function answer(message: ToRank): Promise<FromRank> {
  if (message.type === "setup") {
    learner = await setUp(message);
    return { type: "done" };
  }
  if (!learner) throw new Error("a rank was asked before it was set up");
  switch (message.type) {
    case "step":
      return { type: "stepped", ...learner.step(message.batches, message.guard) };
    case "restored":
      learner.steps = message.steps;
      learner.model.refresh();
      return { type: "done" };
    case "evaluate":
      return evaluate(learner, message.batches);
    case "score": {
      const { model } = learner;
      const scores = message.answers.flatMap((answers) => scoreAnswers(model, layAnswers(answers)));
      return { type: "scored", scores };
    }
  }
}

thread.listen((posted) => {
  answer(posted as ToRank) // what session.ts posts
    .catch((error): FromRank => {
      bus?.poison();
      const code = error instanceof BaimoError ? error.code : "device";
      return { type: "failed", code, message: error instanceof Error ? error.message : String(error) };
    })
    .then((message) => thread.postMessage(message));
});
