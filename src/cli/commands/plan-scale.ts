// `baimo plan scale`: what a budget buys, the loss of a size, the cheapest model for a loss.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import { choice } from "../../option-kinds.ts";
import type { ScalingOptions } from "../../plan/index.ts";
import { readNumber } from "../amount.ts";
import { type CommandContext, reader } from "../options.ts";
import {
  type AnswerFlags,
  addAnswerOptions,
  asCommandLine,
  mergeScenario,
  printAnswer,
} from "../plan-answer.ts";

interface ScaleFlags extends AnswerFlags {
  flops?: number;
  parameters?: number;
  tokens?: number;
  loss?: number;
  inference?: number;
  law?: ScalingOptions["law"];
}

/** Adds the command. */
export function addPlanScale(plan: Command, context: CommandContext): Command {
  const command = plan
    .command("scale")
    .summary("what a budget buys by the scaling laws")
    .description(
      "Asks the scaling laws: Besiroglu's fit, and Hoffmann's beside it. baimo plan fit makes a law of runs of your own.",
    )
    .option("--flops <count>", "the best model for so many FLOPs, for example 1e24", readNumber)
    .option("--parameters <count>", "with --tokens: the loss of that size", readNumber)
    .option("--tokens <count>", "with --parameters: the loss on so many tokens", readNumber)
    .option("--loss <nats>", "the cheapest model of this loss a token", readNumber)
    .option("--inference <tokens>", "with --loss: tokens that it will make and read", readNumber)
    .option("--law <name>", "besiroglu or hoffmann alone", reader(choice("besiroglu", "hoffmann")));
  addAnswerOptions(command);
  return command.action((flags: ScaleFlags) =>
    asCommandLine(command, async () => {
      const { planScaling } = await import("../../plan/index.ts");
      const options: ScalingOptions = {
        flops: flags.flops,
        parameters: flags.parameters,
        tokens: flags.tokens,
        loss: flags.loss,
        inferenceTokens: flags.inference,
        law: flags.law,
      };
      const asked = await mergeScenario(flags.scenario, options);
      const { flops, parameters, tokens, loss } = asked;
      if (flops === undefined && loss === undefined && (parameters === undefined || tokens === undefined))
        throw new BaimoError(
          "request",
          "plan scale: ask for --flops, --parameters with --tokens, or --loss",
          {
            option: "flops",
          },
        );
      await printAnswer(planScaling(asked), flags, context);
    }),
  );
}
