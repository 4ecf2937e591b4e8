// `baimo models`: the catalogue of open models as a table, or one family with all its sources.
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import {
  ASPECTS,
  type Aspect,
  type Catalogue,
  type Entry,
  type Family,
  figureOf,
  type Generation,
  type Known,
  sizesOf,
} from "../../catalogue/catalogue.ts";
import { type Filter, selectEntries } from "../../catalogue/select.ts";
import { BaimoError } from "../../errors.ts";
import { licencesOf, shortCount, showFamily } from "../family-text.ts";
import { loadCatalogue } from "../load-catalogue.ts";
import { type CommandContext, nonEmpty } from "../options.ts";
import { displayWidth, fitWidth, formatTable } from "../table.ts";

interface ModelsFlags {
  family?: string;
  /** Also written --licence; commander names it by the second spelling. */
  license?: string;
  commercial?: boolean;
  open?: Aspect[];
  min?: number;
  max?: number;
  runs?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addModels(program: Command, context: CommandContext): Command {
  return program
    .command("models")
    .summary("show the catalogue of open models: sizes, licences, openness, sources")
    .description(
      "Shows the catalogue of open models. Words choose among names, makers, countries, languages, sizes and licences, " +
        "in English or Chinese: qwen 7b, french, 中文, 阿里, commercial.",
    )
    .argument("[words...]", "show what has all these words")
    .option("--family <name>", "show one family whole, with the source of every figure", nonEmpty)
    .option(
      "--licence, --license <text>",
      "only licences whose identifier or name has this, for example apache",
      nonEmpty,
    )
    .option("--commercial", "only what may be used commercially, on conditions or without")
    .option(
      "--open <what>",
      "only what is open in all of these: weights, code, data, logs or all",
      readAspects,
    )
    .option(
      "--min <size>",
      "only models with a variant of at least so many parameters, for example 30B",
      readSize,
    )
    .option("--max <size>", "only models with a variant of at most so many parameters", readSize)
    .option("--runs", "only what baimo runs")
    .option("--json", "print a JSON document")
    .action((words: string[], flags: ModelsFlags) => {
      const { terminal } = context;
      const catalogue = loadCatalogue();
      if (flags.family !== undefined) {
        const family = findFamily(catalogue, flags.family);
        if (flags.json) terminal.json({ family, licences: licencesOf(family, catalogue) });
        else {
          const width = terminal.interactive ? terminal.columns() : 100;
          for (const line of showFamily(family, catalogue, width)) terminal.line(line);
        }
        return;
      }
      const filter: Filter = {
        text: words.join(" "),
        licence: flags.license,
        commercial: flags.commercial,
        open: flags.open,
        least: flags.min,
        most: flags.max,
        runs: flags.runs,
      };
      const entries = selectEntries(catalogue, filter);
      if (flags.json) {
        terminal.json(entries.map(({ family, generation }) => ({ family: family.id, ...generation })));
      } else if (entries.length === 0) terminal.note("no model in the catalogue is like that");
      else {
        const width = terminal.interactive ? terminal.columns() : 160;
        for (const line of showTable(entries, width)) terminal.line(line);
        const count = entries.length === 1 ? "1 entry" : `${entries.length} entries`;
        terminal.line(terminal.dim(`${count}; open: Weights Code Data Logs, - in part, . no, ? unknown`));
        terminal.line(terminal.dim("baimo models --family NAME shows one with its sources"));
      }
    });
}

function readAspects(text: string): Aspect[] {
  if (text === "all") return [...ASPECTS];
  const words = text.split(/[\s,]+/).filter(Boolean);
  const aspects = ASPECTS.filter((aspect) => words.includes(aspect));
  if (words.length === 0 || aspects.length !== new Set(words).size) {
    throw new InvalidArgumentError(
      "It must be of weights, code, data and logs, for example code,data; or all.",
    );
  }
  return aspects;
}

/** "7B", "500M" or a plain number. */
function readSize(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([MBT]?)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) throw new InvalidArgumentError("It must be a size such as 7B, 500M or 1.5B.");
  return Number(digits) * { M: 1e6, B: 1e9, T: 1e12, "": 1 }[unit.toUpperCase() as "M" | "B" | "T" | ""];
}

/** The family of that identifier or name, else of that generation's name. */
function findFamily({ families }: Catalogue, name: string): Family {
  const wanted = name.toLowerCase();
  const has = (text: string) => text.toLowerCase() === wanted;
  const found =
    families.find((family) => has(family.id) || has(family.name)) ??
    families.find((family) => family.generations.some((generation) => has(generation.name)));
  if (found) return found;
  const near = families
    .filter((family) => family.id.includes(wanted) || family.name.toLowerCase().includes(wanted))
    .map((family) => family.id);
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : "baimo models lists them all";
  throw new BaimoError("request", `the catalogue has no family "${name}"; ${hint}`, { option: "family" });
}

function shortSize(generation: Generation): string {
  const sizes = sizesOf(generation);
  if (!sizes) return "?";
  const { low, high } = sizes;
  return low === high ? shortCount(high) : `${shortCount(low)}-${shortCount(high)}`;
}

/** The most parameters that work on a token, where not all do. */
function shortActive({ variants }: Generation): string {
  const active = variants.map((variant) => figureOf(variant.active)).filter((count) => count !== undefined);
  return active.length === 0 ? "" : shortCount(Math.max(...active));
}

const grades = { yes: "", partly: "-", no: "." } as const;

/** "W C- D. L?": a letter for each aspect, with a mark where it is not wholly open. */
function shortOpenness({ openness }: Generation): string {
  return ASPECTS.map((aspect) => {
    const grade = figureOf(openness[aspect]);
    return `${aspect[0].toUpperCase()}${grade === undefined ? "?" : grades[grade]}`.padEnd(2);
  }).join(" ");
}

const shortContext = (count: number) =>
  count < 1024
    ? String(count)
    : count % 1024 === 0
      ? `${count / 1024}K`
      : count >= 1e6
        ? shortCount(count)
        : `${Math.round(count / 1000)}K`;
const optional = <T>(fact: Known<T>, show: (value: T) => string) => {
  const value = figureOf(fact);
  return value === undefined ? "?" : show(value);
};

/** The licence of most variants, those of others, and what was not chosen: "Apache-2.0 (72B: Qwen; not 3B)". */
function shortLicence({ family, generation }: Entry): string {
  const { name, licence, variants } = generation;
  const short = (fact: Known<string>) => optional(fact, (id) => id.replace(/^LicenseRef-/, ""));
  const own = variants.filter((each) => each.licence && short(each.licence) !== short(licence));
  const others = own.map((each) => `${each.name}: ${short(each.licence ?? licence)}`).join(", ");
  const all = family.generations.find((each) => each.name === name)?.variants ?? [];
  const left = all.filter((each) => variants.every((variant) => variant.name !== each.name));
  const not = left.length > 0 ? `not ${left.map((each) => each.name).join(", ")}` : "";
  const notes = [others, not].filter(Boolean).join("; ");
  return short(licence) + (notes && ` (${notes})`);
}

/** Columns from the dearest to the most dispensable; those that do not fit are left out, from the end. */
function showTable(entries: readonly Entry[], width: number): string[] {
  const columns: { title: string; right?: boolean; rank: number; of: (entry: Entry) => string }[] = [
    { title: "model", rank: 0, of: ({ generation }) => generation.name },
    { title: "developer", rank: 5, of: ({ family }) => family.developer.en },
    {
      title: "date",
      rank: 4,
      of: ({ generation }) => optional(generation.released, (date) => date.slice(0, 7)),
    },
    { title: "size", right: true, rank: 1, of: ({ generation }) => shortSize(generation) },
    { title: "active", right: true, rank: 6, of: ({ generation }) => shortActive(generation) },
    {
      title: "tokens",
      right: true,
      rank: 7,
      of: ({ generation }) => optional(generation.tokens, shortCount),
    },
    {
      title: "context",
      right: true,
      rank: 8,
      of: ({ generation }) => optional(generation.context, shortContext),
    },
    { title: "open", rank: 3, of: ({ generation }) => shortOpenness(generation) },
    { title: "runs", rank: 9, of: ({ generation }) => (generation.runs === null ? "" : "yes") },
    {
      title: "licence",
      rank: 2,
      of: shortLicence,
    },
  ];
  let shown = columns;
  const rows = (of: typeof columns) => [
    of.map(({ title }) => title),
    ...entries.map((entry) => of.map((column) => column.of(entry))),
  ];
  const widest = (of: typeof columns) => {
    const lines = rows(of);
    const last = of.length - 1;
    // The last column may be cut, but not below what tells licences apart.
    return of.reduce((sum, _, at) => {
      const most = Math.max(...lines.map((line) => displayWidth(line[at])));
      return sum + (at === last ? Math.min(most, 14) : most + 2);
    }, 0);
  };
  while (shown.length > 3 && widest(shown) > width) {
    const least = Math.max(...shown.map(({ rank }) => rank));
    shown = shown.filter(({ rank }) => rank !== least);
  }
  const align = shown.map(({ right }) => (right ? "right" : "left"));
  return formatTable(rows(shown), { align, width }).map((line) => fitWidth(line, width));
}
