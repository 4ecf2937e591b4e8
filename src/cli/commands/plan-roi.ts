// `baimo plan roi`: people or a model, as a distribution and a plain verdict.
import type { Command } from "commander";
import type { EstimateOption, ReturnOptions, WorkOptions } from "../../plan/index.ts";
import type { EstimateFields } from "../../plan/quantity/estimate.ts";
import { type Price, readAmount, readNumber, readPrice } from "../amount.ts";
import { countShare, readShare } from "../counted-share.ts";
import type { CommandContext } from "../options.ts";
import {
  type AnswerFlags,
  addAnswerOptions,
  asCommandLine,
  mergeScenario,
  printAnswer,
  readMoney,
  today,
  upperCase,
} from "../plan-answer.ts";

interface RoiFlags extends AnswerFlags {
  tasks?: EstimateOption;
  minutes?: EstimateOption;
  wage?: Price;
  overhead?: EstimateOption;
  modelCost?: Price;
  acceptance?: EstimateFields | string;
  review?: EstimateOption;
  errors?: EstimateFields | string;
  errorCost?: Price;
  fixed?: Price;
  currency?: string;
  seed?: number;
  draws?: number;
}

/** Adds the command. */
export function addPlanRoi(plan: Command, context: CommandContext): Command {
  const command = plan.command("roi").summary("people or a model: cost, break-even, verdict");
  command.description(
    "Compares people and a model for a kind of work. Ranges (4..6..9) give a distribution and the inputs that matter most; " +
      "several kinds of work come from a --scenario file.",
  );
  const add = (flags: string, help: string) => command.option(flags, help, readAmount);
  const addPrice = (flags: string, help: string) => command.option(flags, help, readPrice);
  add("--tasks <count>", "tasks a month");
  add("--minutes <time>", "minutes that people take for one");
  addPrice("--wage <amount>", 'of an hour, for example "60 USD"');
  add("--overhead <factor>", "what an hour costs beyond the wage, 1.4 for 40% more");
  addPrice("--model-cost <amount>", "of the model for one task");
  command.option(
    "--acceptance <share>",
    "of answers that a reviewer takes: 0.9, 87/100, the folder of a baimo eval run, or what baimo dispatch --runs --json printed",
    readShare,
  );
  add("--review <minutes>", "that reviewing one takes");
  command.option("--errors <share>", "of accepted answers that are wrong, given in the same ways", readShare);
  addPrice("--error-cost <amount>", "of one wrong answer");
  addPrice("--fixed <amount>", "of the model a month, however much it does");
  command
    .option("--currency <code>", "of every amount: USD, EUR, CNY, …", upperCase)
    .option("--seed <number>", "of the draws", readNumber)
    .option("--draws <count>", "how many (default: 10,000)", readNumber);
  addAnswerOptions(command);
  return command.action((flags: RoiFlags) =>
    asCommandLine(command, async () => {
      const { planReturn } = await import("../../plan/index.ts");
      const { wage, modelCost, errorCost, fixed, currency } = readMoney(flags, {
        wage: flags.wage,
        modelCost: flags.modelCost,
        errorCost: flags.errorCost,
        fixed: flags.fixed,
      });
      const work: WorkOptions = {
        tasksPerMonth: flags.tasks,
        minutesPerTask: flags.minutes,
        hourlyWage: wage,
        overhead: flags.overhead,
        modelCostPerTask: modelCost,
        acceptance: await countShare(flags.acceptance, "right"),
        reviewMinutes: flags.review,
        errorRate: await countShare(flags.errors, "wrong"),
        errorCost,
      };
      const hasWork = Object.values(work).some((value) => value !== undefined);
      const options = {
        work: hasWork || flags.scenario === undefined ? [work] : undefined,
        fixedPerMonth: fixed,
        currency,
        seed: flags.seed,
        draws: flags.draws,
        today: today(),
      };
      const answer = planReturn(await mergeScenario(flags.scenario, options as ReturnOptions)); // which checks it
      const { verdict } = answer;
      await printAnswer(answer, flags, context, {
        lines: (text) => text.whoLines(verdict),
        json: { verdict },
      });
    }),
  );
}
