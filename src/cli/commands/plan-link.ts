// `baimo plan link`: answers a scenario that the page of costs wrote into its address.
import type { Command } from "commander";
import { mayI } from "../../licences/index.ts";
import { loadCatalogue, loadTerms } from "../load-catalogue.ts";
import type { CommandContext } from "../options.ts";
import { type AnswerFlags, addAnswerOptions, asCommandLine, printAnswer, today } from "../plan-answer.ts";

/** Adds the command. */
export function addPlanLink(plan: Command, context: CommandContext): Command {
  const command = plan
    .command("link")
    .summary("answer a scenario that the page of costs wrote into its address")
    .description("Answers what a link of the page holds, with the same numbers as the page.")
    .argument("<link>", "the address of the page, or what stands at its end");
  addAnswerOptions(command, { scenario: false });
  return command.action((link: string, flags: AnswerFlags) =>
    asCommandLine(command, async () => {
      const { answerScenario, readLink } = await import("../../plan/index.ts");
      const scenario = readLink(link);
      if (scenario.plan === "may") return context.terminal.json(mayI(scenario.question, loadTerms()));
      const { plan, answer } = answerScenario(scenario, loadCatalogue(), today());
      const verdict = "verdict" in answer ? answer.verdict : undefined;
      await printAnswer(answer, flags, context, {
        lines: (text) => {
          if (plan === "roi") return text.whoLines(answer.verdict);
          return plan === "serve" && answer.verdict ? text.whereLines(answer.verdict) : [];
        },
        json: { verdict },
      });
    }),
  );
}
