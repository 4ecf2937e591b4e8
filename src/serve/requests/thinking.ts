// Whether a model reasons before it answers, by the switch that its chat template has.
import { tokenizerOf } from "../../generate/runs-here.ts";
import type { LanguageModel } from "../../generate/types.ts";
import { badParameter } from "../problem.ts";

/** The sources of a model's chat templates. An endpoint has its own, and is told OpenAI's variable. */
export function templatesOf(model: LanguageModel): string {
  const tokenizer = tokenizerOf(model);
  return tokenizer ? [...tokenizer.chatTemplates.values()].join("\n") : "{{ reasoning_effort }}";
}

const reads = (name: string, templates: string) => new RegExp(`\\b${name}\\b`).test(templates);

/** Whether a request can have the model reason. */
export const canThink = (templates: string): boolean =>
  ["enable_thinking", "reasoning_effort", "thinking"].some((name) => reads(name, templates));

/**
 * The template variables with which a model reasons; one that is told how much does so in any case.
 *
 * name  what the client calls it
 * @throws {Problem} 400 for a template without a switch
 */
export function thinkingVariables(templates: string, name: string): Readonly<Record<string, unknown>> {
  if (reads("enable_thinking", templates)) return { enable_thinking: true };
  if (reads("reasoning_effort", templates)) return {};
  if (reads("thinking", templates)) return { thinking: true };
  const message = `'${name}' asks for reasoning, but this model's chat template has no switch for it; leave it out`;
  throw badParameter(name, "unsupported_value", message);
}

/** The variable of a bound on reasoning; undefined where the template reads none. */
export const budgetVariables = (tokens: number, templates: string) =>
  reads("thinking_budget", templates) ? { thinking_budget: tokens } : undefined;
