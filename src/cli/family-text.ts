// One family of the catalogue as text, with the source of every figure.
import {
  ASPECTS,
  type Catalogue,
  type Dimensions,
  type Fact,
  type Family,
  figureOf,
  type Generation,
  type Hardware,
  type Known,
  type Text,
  type Variant,
} from "../catalogue/catalogue.ts";
import { COMPONENT_NAMES, frameworkClass } from "../catalogue/framework.ts";
import { displayWidth } from "./table.ts";

/** "6.7B", "405B", "1.23B", "560M", "15T". */
export function shortCount(count: number): string {
  const [scale, unit] = count >= 1e12 ? [1e12, "T"] : count >= 1e9 ? [1e9, "B"] : [1e6, "M"];
  return `${Number((count / scale).toPrecision(3))}${unit}`;
}

const words = (text: Text) => text.en;

/** Breaks a text into lines of a width at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function describeHardware({ accelerator, count, hours, days }: Hardware): string {
  const parts = [
    count === undefined ? accelerator : `${count.toLocaleString("en-US")} × ${accelerator}`,
    hours === undefined ? "" : `${hours.toLocaleString("en-US")} device hours`,
    days === undefined ? "" : `${days} days`,
  ];
  return parts.filter(Boolean).join(", ");
}

const describeDimensions = ({ numLayers, hiddenSize, numHeads, numKvHeads, headDim, window }: Dimensions) =>
  `${numLayers} layers of ${count(hiddenSize)}, ${numHeads} heads and ${numKvHeads} KV heads of ${headDim}` +
  (window ? `, ${window.layers} layers with a window of ${count(window.length)}` : "");

const dollars = ({ low, high }: { low: number; high: number }) =>
  low === high
    ? `$${low.toLocaleString("en-US")}`
    : `$${low.toLocaleString("en-US")} to $${high.toLocaleString("en-US")}`;
const count = (value: number) => value.toLocaleString("en-US");

/** Lines about a family; sources are numbered and listed at the end. */
export function showFamily(family: Family, catalogue: Catalogue, width: number): string[] {
  const numbers = new Map(Object.keys(family.sources).map((key, at) => [key, at + 1]));
  const cite = ({ source, at, note }: Fact<unknown>) => {
    const place = at === undefined ? "" : `, ${at}`;
    return `${note ? ` (${words(note)})` : ""} [${numbers.get(source)}${place}]`;
  };
  const show = <T>(fact: Known<T>, write: (value: T) => string) =>
    fact === "unknown" ? "unknown" : write(fact.value) + cite(fact);
  const language = new Intl.DisplayNames("en", { type: "language" });
  const nameLanguages = (codes: readonly string[]) => codes.map((code) => language.of(code)).join(", ");
  const country = new Intl.DisplayNames("en", { type: "region" });
  const lines = [
    family.name,
    `${family.developer.en}, ${family.country.map((code) => country.of(code)).join(" and ")}`,
  ];
  const put = (label: string, value: string) => {
    const [first, ...rest] = wrap(value, Math.max(30, width - 16));
    lines.push(`  ${label.padEnd(13)} ${first}`, ...rest.map((line) => " ".repeat(16) + line));
  };
  const variantText = (variant: Variant) => {
    const parts = [`${show(variant.parameters, count)} parameters`];
    if (variant.active) parts.push(`${show(variant.active, count)} active`);
    if (variant.dimensions) parts.push(show(variant.dimensions, describeDimensions));
    if (variant.released) parts.push(show(variant.released, String));
    if (variant.tokens) parts.push(`${show(variant.tokens, shortCount)} tokens`);
    if (variant.hardware) parts.push(show(variant.hardware, describeHardware));
    if (variant.context) parts.push(`context ${show(variant.context, count)}`);
    if (variant.licence) parts.push(show(variant.licence, String));
    return parts.join("; ");
  };
  for (const generation of family.generations) {
    const { architecture, openness } = generation;
    lines.push("", generation.name);
    put("released", show(generation.released, String));
    for (const variant of generation.variants) put(variant.name, variantText(variant));
    put("tokens", show(generation.tokens, shortCount));
    put("hardware", show(generation.hardware, describeHardware));
    put("cost", show(generation.cost, dollars));
    put("context", show(generation.context, count));
    if (generation.languages) put("languages", show(generation.languages, nameLanguages));
    put("licence", show(generation.licence, String));
    for (const aspect of ASPECTS) put(aspect, show(openness[aspect], String));
    for (const [label, value] of frameworkTexts(generation, cite)) put(label, value);
    put(
      "kind",
      show(architecture.kind, (kind) => (kind === "moe" ? "mixture of experts" : kind)),
    );
    if (architecture.experts) {
      const write = ({ count, perToken, shared }: { count: number; perToken: number; shared?: number }) =>
        `${count}${shared ? ` and ${shared} shared` : ""}, ${perToken} a token`;
      put("experts", show(architecture.experts, write));
    }
    put("shape", show(architecture.shape, String));
    put("attention", show(architecture.attention, String));
    put("position", show(architecture.position, String));
    put("vocabulary", show(architecture.vocabulary, count));
    for (const note of generation.notes ?? []) put("note", words(note));
    put("runs here", generation.runs === null ? "not yet" : `yes, as ${generation.runs}`);
  }
  for (const { claim, verdict, finding, sources } of family.claims ?? []) {
    lines.push("", ...wrap(`Claim: ${words(claim)}`, width));
    put(verdict, `${words(finding)} [${sources.map((key) => numbers.get(key)).join(", ")}]`);
  }
  for (const [id, licence] of Object.entries(licencesOf(family, catalogue))) {
    lines.push("", ...wrap(`Licence ${id}: ${licence.name}`, width));
    put("commercial", licence.commercial);
    put("conditions", words(licence.conditions));
    put("text", licence.url);
  }
  lines.push("", "Sources");
  for (const [key, { title, url, accessed, copy }] of Object.entries(family.sources)) {
    const dated = copy === undefined ? `read ${accessed}` : `read ${accessed}, copy of ${copy}`;
    lines.push(
      ...wrap(`[${numbers.get(key)}] ${title}, ${dated}`, width - 2).map((line) => `  ${line}`),
      `      ${url}`,
    );
  }
  return lines;
}

/** The licences that a family's entries name. */
export function licencesOf(family: Family, { licences }: Catalogue): Catalogue["licences"] {
  const facts = family.generations.flatMap((each) => [each.licence, ...each.variants.map((v) => v.licence)]);
  const ids = new Set(facts.map((fact) => figureOf(fact)).filter((id) => id !== undefined));
  return Object.fromEntries(Array.from(ids, (id) => [id, licences[id]]));
}

/** The class of the Model Openness Framework, the artefacts that it rests on, and those that it lacks. */
function frameworkTexts(
  generation: Generation,
  cite: (fact: Fact<string>) => string,
): [label: string, value: string][] {
  const { verified = {} } = generation;
  const { level, open, closed, missing } = frameworkClass(generation);
  const opened = [...open, ...closed];
  const lines: [string, string][] = [
    [
      "framework",
      `${level === null ? "not verified" : `class ${level}`}; ${opened.length} of ${COMPONENT_NAMES.length} artefacts opened`,
    ],
  ];
  if (opened.length === 0) return lines;
  const shown = opened.map((name) => {
    const artefact = verified[name]!; // one of those opened
    return `${name} ${artefact.value}${closed.includes(name) ? " (not open)" : ""}${cite(artefact)}`;
  });
  lines.push(["opened", shown.join("; ")]);
  if (missing.length > 0)
    lines.push(["lacks", `for class ${level === null ? 3 : level - 1}: ${missing.join(", ")}`]);
  return lines;
}
