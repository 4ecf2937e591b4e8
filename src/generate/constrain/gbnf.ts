// Grammars to nodes: what is regular becomes finite automata, recursion goes on the stack.
import { BaimoError } from "../../errors.ts";
import type { Languages } from "./dfa.ts";
import { components } from "./dfa-states.ts";
import { parseGrammar } from "./gbnf-parser.ts";
import type { Budget } from "./limits.ts";
import type { Node, Nodes } from "./nodes.ts";
import { languageOfPattern } from "./regex.ts";
import type { Pattern } from "./regex-parser.ts";

/**
 * The nodes of a grammar's rule `root`.
 *
 * @throws {BaimoError} `request` for what is no grammar, refers to a missing rule, is left-recursive, or has no text at all
 */
export function grammarNodes(source: string, nodes: Nodes, languages: Languages): readonly Node[] {
  const { budget } = languages;
  const rules = parseGrammar(source, budget.limits.depth);
  if (!rules.has("root")) throw refused('it has no rule "root"');
  for (const [name, pattern] of rules) {
    for (const used of rulesOf(pattern)) {
      if (!rules.has(used)) throw refused(`the rule "${name}" uses "${used}", which is not there`);
    }
  }
  const productive = fixpoint(rules, budget, (pattern, known) => canBe(pattern, known));
  if (!productive.has("root")) throw refused('no text at all is a "root"');
  const nullable = fixpoint(rules, budget, (pattern, known) => canBeEmpty(pattern, known));
  checkLeftRecursion(rules, nullable);
  const recursive = recursiveAmong(rules);
  const number = nodes.nextNumber();
  return [compile({ kind: "rule", name: "root" })].flat();

  function compile(pattern: Pattern): readonly Node[] {
    if (!canBe(pattern, productive)) throw refused("a part has no text at all");
    if (isRegular(pattern)) {
      return [nodes.text(languageOfPattern(inlined(pattern, 0), languages)!, { quoted: false })];
    }
    switch (pattern.kind) {
      case "sequence":
        return groups(pattern.parts).flatMap(compile);
      case "choice": {
        const parts = pattern.parts.filter((part) => canBe(part, productive));
        const regular = parts.filter(isRegular);
        const choices = parts.filter((part) => !isRegular(part)).map(compile);
        if (regular.length > 0) choices.push(compile({ kind: "choice", parts: regular }));
        return [nodes.branch(`choice ${number} ${nodes.nextNumber()}`, () => choices)];
      }
      case "repeat": {
        const { part, least, most } = pattern;
        const once = compile(part);
        languages.budget.checkStates(least);
        const first = Array.from({ length: least }, () => once).flat();
        if (most === Number.POSITIVE_INFINITY) {
          const loop: Node = nodes.branch(`loop ${number} ${nodes.nextNumber()}`, () => [
            [],
            [...once, loop],
          ]);
          return [...first, loop];
        }
        languages.budget.checkStates(most);
        let rest: readonly Node[] = [];
        for (let i = least; i < most; i++) {
          const further = [...once, ...rest];
          rest = [nodes.branch(`optional ${number} ${nodes.nextNumber()}`, () => [[], further])];
        }
        return [...first, ...rest];
      }
      case "rule":
        // Asked for when it is first read: the rule may use itself.
        return [nodes.branch(`rule ${number} ${pattern.name}`, () => [compile(rules.get(pattern.name)!)])];
      default:
        throw refused(`${pattern.kind} cannot stand in a grammar`);
    }
  }

  function isRegular(pattern: Pattern): boolean {
    return [...rulesOf(pattern)].every((name) => !recursive.has(name));
  }

  /** Neighbouring regular parts as one. */
  function groups(parts: readonly Pattern[]): Pattern[] {
    const grouped: Pattern[] = [];
    for (const part of parts) {
      const last = grouped[grouped.length - 1];
      if (last && isRegular(last) && isRegular(part)) {
        grouped[grouped.length - 1] = { kind: "sequence", parts: [last, part] };
      } else grouped.push(part);
    }
    return grouped;
  }

  /** A regular pattern without references. */
  function inlined(pattern: Pattern, depth: number): Pattern {
    languages.budget.spend(1);
    if (depth > 10 * languages.budget.limits.depth) throw refused("rules use one another too deeply");
    if (pattern.kind === "rule") return inlined(rules.get(pattern.name)!, depth + 1);
    if (pattern.kind === "repeat") return { ...pattern, part: inlined(pattern.part, depth + 1) };
    if (pattern.kind !== "sequence" && pattern.kind !== "choice") return pattern;
    const parts = pattern.parts.filter((part) => pattern.kind === "sequence" || canBe(part, productive));
    return { kind: pattern.kind, parts: parts.map((part) => inlined(part, depth + 1)) };
  }
}

function refused(reason: string): BaimoError {
  return new BaimoError("request", `grammar: ${reason}`);
}

function rulesOf(pattern: Pattern): Set<string> {
  if (pattern.kind === "rule") return new Set([pattern.name]);
  if (pattern.kind === "repeat") return rulesOf(pattern.part);
  if (pattern.kind !== "sequence" && pattern.kind !== "choice") return new Set();
  return new Set(pattern.parts.flatMap((part) => [...rulesOf(part)]));
}

/** The rules that come back to themselves, or use one that does. */
function recursiveAmong(rules: ReadonlyMap<string, Pattern>): Set<string> {
  const found = new Set<string>();
  for (const circle of circlesOf(rules, (pattern) => rulesOf(pattern))) {
    const uses = circle.names.some((name) => [...rulesOf(rules.get(name)!)].some((used) => found.has(used)));
    if (circle.isClosed || uses) for (const name of circle.names) found.add(name);
  }
  return found;
}

/** Rules that lead to one another, and single ones; those that are led to come first. isClosed: whether they lead back. */
function circlesOf(
  rules: ReadonlyMap<string, Pattern>,
  leadsTo: (pattern: Pattern) => Iterable<string>,
): { names: string[]; isClosed: boolean }[] {
  const names = [...rules.keys()];
  // The first stands for a start that leads to all.
  const numbers = new Map(names.map((name, i) => [name, i + 1]));
  const edgeTo = (target: number) => ({ low: 0, high: 0, target });
  const targets = [...rules.values()].map((pattern) =>
    Array.from(leadsTo(pattern), (name) => numbers.get(name)!),
  );
  const edges = [names.map((_, i) => i + 1), ...targets].map((each) => each.map(edgeTo));
  return components(edges.map((each) => ({ accepts: false, edges: each })))
    .filter(([first]) => first > 0)
    .map((members) => ({
      names: members.map((member) => names[member - 1]),
      isClosed: members.length > 1 || targets[members[0] - 1].includes(members[0]),
    }));
}

/** The rules for which a property holds that follows from that of other rules. */
function fixpoint(
  rules: ReadonlyMap<string, Pattern>,
  budget: Budget,
  holds: (pattern: Pattern, known: ReadonlySet<string>) => boolean,
): Set<string> {
  const known = new Set<string>();
  for (let size = -1; size < known.size; ) {
    size = known.size;
    budget.spend(rules.size);
    for (const [name, pattern] of rules) if (holds(pattern, known)) known.add(name);
  }
  return known;
}

/** Whether any text is of a pattern, when some rules are known to have one. */
function canBe(pattern: Pattern, known: ReadonlySet<string>): boolean {
  if (pattern.kind === "rule") return known.has(pattern.name);
  if (pattern.kind === "chars") return pattern.chars.length > 0;
  if (pattern.kind === "repeat") return pattern.least === 0 || canBe(pattern.part, known);
  if (pattern.kind === "choice") return pattern.parts.some((part) => canBe(part, known));
  return pattern.kind !== "sequence" || pattern.parts.every((part) => canBe(part, known));
}

function canBeEmpty(pattern: Pattern, known: ReadonlySet<string>): boolean {
  if (pattern.kind === "rule") return known.has(pattern.name);
  if (pattern.kind === "chars") return false;
  if (pattern.kind === "repeat") return pattern.least === 0 || canBeEmpty(pattern.part, known);
  if (pattern.kind === "choice") return pattern.parts.some((part) => canBeEmpty(part, known));
  return pattern.kind !== "sequence" || pattern.parts.every((part) => canBeEmpty(part, known));
}

/** The rules with which a pattern may begin. */
function firstRules(pattern: Pattern, nullable: ReadonlySet<string>): string[] {
  if (pattern.kind === "rule") return [pattern.name];
  if (pattern.kind === "repeat") return firstRules(pattern.part, nullable);
  if (pattern.kind === "choice") return pattern.parts.flatMap((part) => firstRules(part, nullable));
  if (pattern.kind !== "sequence") return [];
  const solid = pattern.parts.findIndex((part) => !canBeEmpty(part, nullable));
  const first = solid < 0 ? pattern.parts : pattern.parts.slice(0, solid + 1);
  return first.flatMap((part) => firstRules(part, nullable));
}

function checkLeftRecursion(rules: ReadonlyMap<string, Pattern>, nullable: ReadonlySet<string>): void {
  const circle = circlesOf(rules, (pattern) => firstRules(pattern, nullable)).find(
    ({ isClosed }) => isClosed,
  );
  if (!circle) return;
  throw refused(
    `the rule "${circle.names[0]}" begins with itself (left recursion); begin it with another part`,
  );
}
