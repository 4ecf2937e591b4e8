// `baimo train`: trains a model as a configuration says, and goes on where it was stopped.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { RunEvent, RunPlan } from "../../train/run/events.ts";
import type { ShownBatch } from "../../train/run/shown-batch.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { openJudge } from "../open-judge.ts";
import { type CommandContext, setting } from "../options.ts";
import { formatBytes, formatSeconds } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readText } from "../text-file.ts";

interface TrainFlags {
  set?: Record<string, unknown>;
  resume: boolean;
  schema?: boolean;
  showBatch?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addTrain(program: Command, { terminal }: CommandContext): Command {
  return program
    .command("train")
    .summary("train a model, or an adapter beside it")
    .description(
      "Trains as a YAML or JSON file says: from random weights, on with a model's own, on the answers of conversations, on " +
        "pairs of answers, or on answers that it draws itself and a reward judges. What it takes is told before the first step. A run that was stopped goes on from its newest " +
        "checkpoint, to the same weights. The model, the checkpoints and log.jsonl (W&B's names) lie in `out`.",
    )
    .argument("[config]", "a YAML or JSON file")
    .option("--set <key=value>", "a key of the file, over what it says; may be repeated", setting)
    .option("--no-resume", "begin anew, whatever checkpoints there are")
    .option("--schema", "print the JSON schema of the file")
    .option("--show-batch", "print what the first step learns, and train nothing")
    .option("--json", "print every event as a JSON line")
    .action(async (path: string | undefined, flags: TrainFlags) => {
      const { readTrainConfig, trainSchema } = await import("../../train/run/config.ts");
      if (flags.schema) return terminal.json(trainSchema());
      if (path === undefined)
        throw new BaimoError("request", "no configuration was named; see baimo train --help");
      const resume = flags.resume ? {} : { resume: false };
      const config = readTrainConfig(await readText(path), path, { ...flags.set, ...resume });
      if (flags.showBatch) {
        const { showBatch } = await import("../../train/run/shown-batch.ts");
        const batch = await showBatch(config);
        return flags.json ? terminal.json(batch) : print(terminal, batch);
      }
      const { runTraining } = await import("../../train/run/run.ts");
      const judge = config.reward === undefined ? undefined : await openJudge(config.reward);
      const { signal, release } = listenForInterrupt();
      try {
        for await (const event of runTraining(config, { judge, signal })) {
          if (flags.json) terminal.jsonLine(event);
          else show(terminal, event, config.steps);
        }
      } finally {
        release();
      }
    });
}

/** Each text, what is learned of it between ⟦ and ⟧. */
function print(terminal: Terminal, { documents, texts }: ShownBatch): void {
  terminal.line(`the first step learns from: ${documents.join(", ")}`);
  for (const { tokens, learned, answer, parts } of texts) {
    terminal.line(`\n${answer ? `${answer}, ` : ""}${learned} of ${tokens} tokens are learned:`);
    terminal.line(parts.map((part) => (part.learned ? `⟦${part.text}⟧` : part.text)).join(""));
  }
}

function show(terminal: Terminal, event: RunEvent, steps: number): void {
  const line = (text: string) => terminal.line(terminal.showsProgress ? `\r\x1b[K${text}` : text);
  switch (event.type) {
    case "planned":
      return showPlan(terminal, event.plan, steps);
    case "resumed":
      return line(`goes on after step ${event.step}`);
    case "step": {
      const { step, loss, gradNorm, lr, tokensPerSecond, secondsLeft } = event;
      const text =
        `step ${step}/${steps}  loss ${loss.toFixed(4)}  norm ${gradNorm.toFixed(3)}  rate ${lr.toExponential(2)}  ` +
        `${Math.round(tokensPerSecond).toLocaleString("en")} tokens/s, ${formatSeconds(secondsLeft)} left`;
      // One line that changes, where somebody looks.
      if (terminal.showsProgress) terminal.writeError(`\r\x1b[K${text}`);
      else terminal.line(text);
      return;
    }
    case "skipped":
      return line(
        `step ${event.step} was not taken: its norm is ${event.gradNorm}; its documents: ${event.documents.slice(0, 5).join(", ")}`,
      );
    case "evaluated":
      return line(`step ${event.step}  held-out loss ${event.loss.toFixed(4)}`);
    case "saved":
      return;
    case "done":
      return line(`written: ${event.out}`);
  }
}

function showPlan(terminal: Terminal, plan: RunPlan, steps: number): void {
  const { parameters, learned, memoryBytes, checkpointBytes, examples, cut, stepsAnEpoch, threads } = plan;
  const count = (value: number) => value.toLocaleString("en");
  terminal.line(`${count(parameters)} parameters, of which ${count(learned)} learn; ${threads} threads`);
  terminal.line(
    `memory ${formatBytes(memoryBytes)}, a checkpoint ${formatBytes(checkpointBytes)} (the newest and the best are kept)`,
  );
  terminal.line(
    `${count(examples)} examples, ${(steps / stepsAnEpoch).toFixed(2)} epochs in ${count(steps)} steps` +
      (cut > 0 ? `; ${count(cut)} were longer than a row and are cut` : ""),
  );
}
