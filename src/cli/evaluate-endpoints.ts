// `baimo eval` at endpoints: all of them at once, each into a folder of its own.
import { InvalidArgumentError } from "commander";
import { BaimoError, throwIfAborted } from "../errors.ts";
import type {
  FolderRun,
  FolderRunOptions,
  Ledger,
  PlannedTask,
  PreparedRun,
  RunProgress,
  RunSettings,
  SharedPlace,
  Subject,
} from "../evaluate/index.ts";
import { isPostgres } from "../machines/postgres-tables.ts";
import { packageVersion } from "./environment.ts";
import {
  type EndpointFlags,
  type NamedEndpoint,
  notesOf,
  openEndpoint,
  runnableTasks,
} from "./evaluate-endpoint.ts";
import { evaluationDocument, evaluationLines, planDocument, planLines } from "./evaluation-text.ts";
import { listenForInterrupt } from "./interrupt.ts";
import type { CommandContext } from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line says of a run, wherever it is asked. */
export interface RunFlags extends EndpointFlags {
  seed?: number;
  applyChatTemplate?: boolean;
  bootstrap: number;
  out?: string;
  share?: SharedPlace;
  dryRun?: boolean;
  json?: boolean;
}

/** An endpoint with what is asked there, ready to run. */
interface ReadyEndpoint {
  readonly named: NamedEndpoint;
  readonly prepared: PreparedRun;
  readonly subject: Subject;
  readonly secondsEach: number;
}

/** Asks all endpoints at once, each into a folder of its own; what goes wrong at one leaves the others alone. */
export async function evaluateEndpoints(
  endpoints: readonly NamedEndpoint[],
  settings: RunSettings,
  flags: RunFlags,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const { Ledger, openFolderRun, planRun } = await import("../evaluate/index.ts");
  const interrupt = listenForInterrupt();
  const isAlone = endpoints.length === 1;
  const ledger = new Ledger();
  try {
    const ready = await eachOf(endpoints, (named) =>
      readyEndpoint(named, settings, { flags, terminal, isAlone, ledger }),
    );
    const list = ready.flatMap(({ value }) => value ?? []);
    if (list.length > 0) await noteData(list[0].prepared, terminal);
    const { signal } = interrupt;
    const progress = createProgress(terminal);
    const onProgress = ofAll(endpoints, progress);
    const outcomes = flags.dryRun
      ? await eachOf(list, ({ prepared, subject, secondsEach }) => planRun(prepared, subject, secondsEach))
      : await runAll(list, async ({ named, prepared, subject }) => {
          const options = folderOptions(flags, {
            identity: named.url,
            signal,
            share: flags.share && !isAlone ? shareOf(flags.share, named.name) : flags.share,
            onProgress: onProgress(named.name),
          });
          return openFolderRun(prepared, subject, settings, options);
        });
    progress.clear();
    throwIfAborted(signal, "the evaluation");
    printOutcomes(list, outcomes, { flags, terminal, isAlone });
    const failures = [
      ...ready.map((one, i) => ({ named: endpoints[i], error: one.error })),
      ...outcomes.map((one, i) => ({ named: list[i].named, error: one.error })),
    ].filter(({ error }) => error !== undefined);
    if (isAlone && failures.length > 0) throw failures[0].error;
    for (const { named, error } of failures) {
      if (!(error instanceof BaimoError)) throw error;
      terminal.note(`baimo: ${named.name}: ${error.message}`);
      context.exitCode = 1;
    }
  } finally {
    interrupt.release();
  }
}

/** What came of one of several. */
interface Outcome<T> {
  readonly value?: T;
  readonly error?: unknown;
}

/** Does something with all at once; each has its own outcome. */
function eachOf<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<Outcome<R>[]> {
  return Promise.all(
    all.map((one) =>
      work(one).then(
        (value): Outcome<R> => ({ value }),
        (error: unknown): Outcome<R> => ({ error }),
      ),
    ),
  );
}

/** Opens every run, so that what was spent before is counted, and then runs them. */
async function runAll<T, R>(
  all: readonly T[],
  open: (one: T) => Promise<() => Promise<R>>,
): Promise<Outcome<R>[]> {
  const opened = await eachOf(all, open);
  return eachOf(opened, async ({ value, error }) => {
    if (value) return value();
    throw error;
  });
}

/** Asks an endpoint what it can do, and makes its questions. */
async function readyEndpoint(
  named: NamedEndpoint,
  settings: RunSettings,
  {
    flags,
    terminal,
    isAlone,
    ledger,
  }: { flags: RunFlags; terminal: Terminal; isAlone: boolean; ledger: Ledger },
): Promise<ReadyEndpoint> {
  const isChat = flags.applyChatTemplate === true;
  const { prepareFor } = await import("../evaluate/index.ts");
  const note = notesOf(terminal, named, isAlone);
  const endpoint = await openEndpoint(named, { ...flags, ledger }, isChat, note);
  const { subject, secondsEach } = endpoint;
  const all = await prepareFor(subject, settings, isChat);
  return { named, prepared: await runnableTasks(all, endpoint, isChat, note), subject, secondsEach };
}

/** One bar for all endpoints. */
function ofAll(endpoints: readonly NamedEndpoint[], progress: Progress) {
  const states = new Map<string, RunProgress>();
  return (name: string) => (state: RunProgress) => {
    states.set(name, state);
    const sum = (value: (state: RunProgress) => number) =>
      [...states.values()].reduce((all, one) => all + value(one), 0);
    const label = endpoints.length === 1 ? state.task : `${endpoints.length} endpoints`;
    progress.update({ label, done: sum(({ done }) => done), total: sum(({ total }) => total) });
  };
}

function printOutcomes(
  list: readonly ReadyEndpoint[],
  outcomes: readonly Outcome<FolderRun | PlannedTask[]>[],
  { flags, terminal, isAlone }: { flags: RunFlags; terminal: Terminal; isAlone: boolean },
): void {
  const documents: unknown[] = [];
  for (const [i, { value }] of outcomes.entries()) {
    if (!value) continue;
    const { named } = list[i];
    if (!flags.json && !isAlone) terminal.line(`${i > 0 ? "\n" : ""}${named.name}  ${named.url}`);
    const shown = Array.isArray(value)
      ? { ...planDocument(value, named.price), lines: planLines(value, named.price) }
      : { tasks: evaluationDocument(value.evaluation), lines: evaluationLines(value.evaluation) };
    const { lines, ...document } = shown;
    documents.push({ endpoint: named.url, model: named.model, name: named.name, ...document });
    if (!flags.json) for (const line of lines) terminal.line(line);
    if (!Array.isArray(value) && value.folder !== undefined)
      terminal.note(`baimo: the files are in ${value.folder}`);
    if (flags.json && isAlone)
      terminal.json(Array.isArray(value) ? document : evaluationDocument(value.evaluation));
  }
  if (flags.json && !isAlone) terminal.json(documents);
}

/** Each model's run is one of its own. */
const shareOf = ({ address, name }: SharedPlace, model: string): SharedPlace => ({
  address,
  name: `${name} ${model}`,
});

/** Reads "postgres://user@host/database", with "#name" behind it or not. */
export function readShare(text: string): SharedPlace {
  const [address, name = "run"] = text.split(/#(.+)/s);
  if (isPostgres(address) && URL.canParse(address)) return { address, name };
  throw new InvalidArgumentError(
    'Allowed: postgres://USER@HOST/DATABASE, "#NAME" of the run behind it or not.',
  );
}

/** How a run is carried out, as the flags say it. */
export function folderOptions(
  flags: RunFlags,
  own: Pick<FolderRunOptions, "identity" | "signal" | "onProgress" | "share">,
): FolderRunOptions {
  return {
    isChat: flags.applyChatTemplate === true,
    out: flags.out,
    share: flags.share,
    version: packageVersion(),
    resamples: flags.bootstrap,
    seed: flags.seed,
    ...own,
  };
}

/** Says whose data is used under a licence that forbids something. */
export async function noteData({ tasks }: PreparedRun, terminal: Terminal): Promise<void> {
  const { licenceWarning } = await import("../evaluate/index.ts");
  const warnings = new Map(tasks.map(({ source }) => [source.dataset, licenceWarning(source.licence)]));
  for (const [dataset, warning] of warnings)
    if (warning !== undefined) terminal.note(`baimo: ${dataset}: ${warning}`);
}
