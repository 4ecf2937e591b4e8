// Verdicts of plans as lines for the terminal.
import type { HostingVerdict, Verdict } from "../plan/index.ts";

/** Who should do the work. */
export function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case "model":
      return "the model";
    case "people":
      return `people: ${verdict.why}`;
    case "both":
      return `both, split so: the model does ${verdict.model.join(", ")}; people do ${verdict.people.join(", ")}`;
    case "cannot-tell":
      return `can't tell: measure ${verdict.measure} first`;
  }
}

/** Where a model should run. */
export function hostingText(verdict: HostingVerdict): string {
  switch (verdict.kind) {
    case "self":
      return "a machine of one's own";
    case "api":
      return verdict.reachable
        ? "the API"
        : "the API: the machine is dearer whatever the volume, break-even is not reachable";
    case "cannot-tell":
      return `can't tell: measure ${verdict.measure} first`;
    case "does-not-fit":
      return (
        `it does not fit: the machine holds ${verdict.held} sequences at once, and ${verdict.asked} are asked for; ` +
        "take more GPUs (--gpus), a smaller type of weights (--type) or fewer sequences (--batch)"
      );
  }
}
