// `baimo scale`: fits a scaling law, plans by one, judges a run, as the planner does.
import type { Command } from "commander";
import type { CommandContext } from "../options.ts";
import { addPlanFit, addPlanStop } from "./plan-curves.ts";
import { addPlanScale } from "./plan-scale.ts";

/** Adds the command with its own commands. */
export function addScale(program: Command, context: CommandContext): Command {
  const scale = program
    .command("scale")
    .summary("fit a scaling law to runs, plan by one, stop runs that will miss their loss")
    .description(
      "The planner's laws while models are trained; baimo plan has the same as fit, scale and stop.",
    );
  for (const command of [
    addPlanFit(scale, context),
    addPlanScale(scale, context).name("plan"),
    addPlanStop(scale, context),
  ]) {
    command.option("--verbose", "print the stack of an error");
    command.showHelpAfterError(`(baimo scale ${command.name()} --help lists its options)`);
  }
  return scale;
}
