// Dispatch: a saved task graph over databases, models, statistics and services, run to facts.
export type { Evidence, Fact } from "./evidence.ts";
export { readTask, type SentenceTemplate, type Task, type TaskNode, taskSchema } from "./graph/task.ts";
export { type Bounds, type Plan, type Tools, validate } from "./graph/validate.ts";
export type { HttpAnswer, HttpRequest, Send } from "./http/send.ts";
export { type OpenTools, openTools, type ServiceSource, type ToolSources } from "./open-tools.ts";
export { asking, chats, type PlanningModel } from "./planner/ask.ts";
export { candidatesOf } from "./planner/candidates.ts";
export { type Planned, planRequest } from "./planner/plan-request.ts";
export type { Language, Report } from "./report/report.ts";
export { toHtml } from "./report/to-html.ts";
export { toMarkdown } from "./report/to-markdown.ts";
export { writeReport } from "./report/write-report.ts";
export { type Failure, type RunResult, runPlan } from "./run-plan.ts";
export type { Journal, RunRow } from "./runs/journal.ts";
export { type JournalOptions, openJournal } from "./runs/open-journal.ts";
export {
  attendRuns,
  beginRun,
  continueRun,
  type PendingApproval,
  type RunInput,
  type RunOutcome,
  replayRun,
} from "./runs/run-task.ts";
export { type NodeView, type RunView, viewRun } from "./runs/view-run.ts";
export { readToolsFile, type ToolsFile } from "./tools-file.ts";
