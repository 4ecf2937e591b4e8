// `baimo plan runs`: published training runs, 6 N D beside what was published.
import type { Command } from "commander";
import type { CommandContext } from "../options.ts";
import { formatTable } from "../table.ts";

/** Adds the command. */
export function addPlanRuns(plan: Command, context: CommandContext): Command {
  return plan
    .command("runs")
    .summary("published training runs: compute, hours, utilisation")
    .description(
      "Counts published training runs: 6 N D beside the FLOPs that were published, and the utilisation that their hours imply.",
    )
    .option("--json", "print a JSON document")
    .action(async (flags: { json?: boolean }) => {
      const { countRun, flatten, publishedRuns, restsOnRumour } = await import("../../plan/index.ts");
      const { formatValue } = await import("../plan-text.ts");
      const { terminal } = context;
      const runs = publishedRuns.map((run) => ({ run, counted: countRun(run) }));
      if (flags.json) {
        terminal.json(
          runs.map(({ run, counted }) => ({ name: run.name, ...flatten(Object.values(counted)) })),
        );
        return;
      }
      const rows = runs.map(({ run, counted }) => {
        const { flops, published, gpuHours, mfu } = counted;
        const figures = [flops, published, gpuHours, mfu].map((each) =>
          each.value === null ? "unknown" : formatValue(each),
        );
        const source = [run.activeParameters, run.gpuHours, run.flops].find((each) => each.source)?.source;
        const note = restsOnRumour(flops) ? "rumour; " : "";
        return [run.name, ...figures, run.accelerator ?? "", note + (source?.title ?? run.tokens.note ?? "")];
      });
      const head = ["run", "6 N D", "published", "hours", "MFU", "on", "source"];
      const width = terminal.interactive ? terminal.columns() : undefined; // a pipe gets whole lines
      for (const line of formatTable([head, ...rows], { width })) terminal.line(line);
    });
}
