// The parts of a case, each licence in its role, and what lies between them: clashes, disputes.
import type { Text } from "../catalogue/catalogue.ts";
import type { Reason } from "./answer.ts";
import type { Facts, Role } from "./facts.ts";
import type { LicenceTerms } from "./terms.ts";

/** A licence in its role; in doubt: it may be the model's too, and then what it refuses is open. */
export interface Component {
  readonly id: string;
  readonly role: Role;
  readonly inDoubt?: boolean;
}

/** The licences named and those of data, each in its role. */
export function componentsOf(uses: readonly string[], facts: Facts): Component[] {
  const { dataGeneratedBy: writer, dataLicence: data } = facts;
  const ways = facts.compose?.split(/[+,\s]+/) ?? [];
  const components: Component[] = [];
  if (writer !== undefined) components.push({ id: writer, role: "outputs" });
  if (data !== undefined) components.push({ id: data, role: "data" });
  const bases = uses.filter((id) => id !== writer && id !== data);
  // Where nothing else is named, the model and its data have one licence; where something is, they still may.
  for (const id of uses)
    if (bases.length === 0 || bases.includes(id)) components.push({ id, role: "model" });
    else components.push({ id, role: "model", inDoubt: true });
  // Who taught whom is not said: each may have.
  if (writer === undefined && ways.some((way) => /^distil/.test(way)))
    for (const id of bases) components.push({ id, role: "outputs" });
  return components;
}

/** Whether outputs of a licence's models train only models of that licence. */
export function trainsOwn(
  id: string,
  components: readonly Component[],
  { target }: Facts,
  asked: boolean,
): boolean | undefined {
  if (target !== undefined) return target === "same" || target === id;
  if (asked) return undefined;
  return components.every((other) => other.role !== "model" || other.inDoubt || other.id === id);
}

/** The licences that one model is said to have, where they are not one. */
export function disputedOf({ declared = {} }: Facts): string[] {
  const said = [...new Set(Object.values(declared))];
  return said.length > 1 ? said : [];
}

export function disagreement(declared: Readonly<Record<string, string>>): Text {
  const said = Object.entries(declared).map(([where, id]) => `${where}: ${id}`);
  return { en: `the declarations disagree (${said.join("; ")})`, zh: `各处声明不一致（${said.join("；")}）` };
}

/** A licence or a service whose terms are not here. */
export function unread(id: string, role: Role): Reason {
  const text = { en: `the terms of ${id} are not in the catalogue`, zh: `目录中没有 ${id} 的条款` };
  const base = { effect: "open", clauses: [], text, licence: id, role } as const;
  return role === "outputs" ? { ...base, condition: "read-api-terms" } : base;
}

/** Beginnings of names that no one name can have. */
export function clashes(reasons: readonly Reason[]): Reason[] {
  const named = reasons.filter(({ prefix }) => prefix !== undefined);
  return named.flatMap((one, at) =>
    named.slice(at + 1).flatMap((other): Reason[] => {
      const [a, b] = [one.prefix!, other.prefix!];
      if (a.startsWith(b) || b.startsWith(a)) return [];
      const text = {
        en: `conflict: a name cannot begin with “${a}” and with “${b}”, which ${other.licence} asks`,
        zh: `冲突：名称不能同时以“${a}”与“${b}”（${other.licence}）开头`,
      };
      return [
        { effect: "refuses", clauses: one.clauses, text, licence: one.licence, role: one.role },
        { effect: "refuses", clauses: other.clauses, text, licence: other.licence, role: other.role },
      ];
    }),
  );
}

/** What texts do not settle of merges. */
export function mergeWarnings(
  components: readonly Component[],
  terms: ReadonlyMap<string, LicenceTerms>,
  { compose = "" }: Facts,
): Text[] {
  const models = new Set(
    components.filter(({ role, inDoubt }) => role === "model" && !inDoubt).map(({ id }) => id),
  );
  if (models.size < 2 || !compose.includes("merge")) return [];
  return [...models].flatMap((id) => {
    const clause = terms.get(id)?.terms.find((term) => term.kind === "outputs" && term.rule === "own-only")
      ?.clauses[0];
    if (clause === undefined) return [];
    const where = `${id}#${clause}`;
    return [
      {
        en: `whether a merge improves another model in the sense of ${where} is not settled`,
        zh: `合并是否属于 ${where} 所指的改进其他模型，尚无定论`,
      },
    ];
  });
}
