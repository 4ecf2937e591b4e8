// `baimo plan`: what training and serving cost, what a budget buys, whether a model pays.
import type { Command } from "commander";
import type { CommandContext } from "../options.ts";
import { addPlanFit, addPlanStop } from "./plan-curves.ts";
import { addPlanLink } from "./plan-link.ts";
import { addPlanRoi } from "./plan-roi.ts";
import { addPlanRuns } from "./plan-runs.ts";
import { addPlanScale } from "./plan-scale.ts";
import { addPlanServe } from "./plan-serve.ts";
import { addPlanTrain } from "./plan-train.ts";

/** Adds the command with its own commands. */
export function addPlan(program: Command, context: CommandContext): Command {
  const plan = program
    .command("plan")
    .summary("what training and serving cost, what a budget buys, whether a model pays")
    .description(
      "Counts what a model costs and earns. Every figure has its formula and source (--explain); what nobody said is " +
        "assumed and listed. Ranges are written low..likely..high.",
    );
  for (const add of [
    addPlanTrain,
    addPlanServe,
    addPlanScale,
    addPlanRoi,
    addPlanFit,
    addPlanStop,
    addPlanRuns,
    addPlanLink,
  ]) {
    const command = add(plan, context).option("--verbose", "print the stack of an error");
    command.showHelpAfterError(`(baimo plan ${command.name()} --help lists its options)`);
  }
  return plan;
}
