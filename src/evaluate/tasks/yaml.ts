// YAML 1.1 as PyYAML reads it: `no` is false, `1e-7` a text, `!function` a name that never runs.
import { type CollectionTag, isNode, parseDocument, type ScalarTag, visit } from "yaml";
import { BaimoError } from "../../errors.ts";
import { indentQuotedLines } from "./quoted-lines.ts";

/** A function of Python that a task names. */
export class PythonFunction {
  readonly name: string;
  /** Where the file that names it lies: its module is looked for there. */
  folder = "";
  constructor(name: string) {
    this.name = name;
  }
}

const LARGEST = 8 * 2 ** 20;
/** How often aliases may be written out. */
const MOST_ALIASES = 1000;

/** The digits of a number to a base, sexagesimal where it has colons. */
function integerOf(text: string): number | bigint {
  const digits = text.replace(/^[-+]|_/g, "");
  let size: bigint;
  if (digits.includes(":")) size = digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  else size = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = text.startsWith("-") ? -size : size;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A float; without a fraction it is a `Number` object, as `parsePythonJson` has it. */
function floatOf(text: string): number {
  const plain = text.replaceAll("_", "").toLowerCase();
  const sign = plain.startsWith("-") ? -1 : 1;
  const size = plain.replace(/^[-+]/, "");
  const value =
    size === ".inf"
      ? Number.POSITIVE_INFINITY
      : size === ".nan"
        ? Number.NaN
        : size.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number.isInteger(value) ? Object(sign * value) : sign * value;
}

const scalar = (name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag => ({
  tag: `tag:yaml.org,2002:${name}`,
  default: true,
  test,
  resolve,
});

const TAGS: (ScalarTag | CollectionTag)[] = [
  scalar("null", /^(?:~|null|Null|NULL|)$/, () => null),
  scalar("bool", /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  scalar("bool", /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  scalar(
    "int",
    /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
    integerOf,
  ),
  scalar(
    "float",
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    floatOf,
  ),
  { tag: "!function", default: false, resolve: (name: string) => new PythonFunction(name) },
];

/**
 * Reads one YAML document.
 *
 * where  names the file in messages
 * @throws {BaimoError} `format` for what is no YAML, for tags of Python, for aliases without end
 */
export function parseYaml(text: string, where: string): unknown {
  if (text.length > LARGEST) {
    throw new BaimoError("format", `${where} has ${text.length} characters; a task has at most ${LARGEST}`);
  }
  try {
    return readDocument(text);
  } catch (cause) {
    const indented = indentQuotedLines(text);
    if (indented !== text) {
      try {
        return readDocument(indented);
      } catch {
        // The first failure says where.
      }
    }
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new BaimoError("format", `${where} is not YAML that a task can be: ${reason}`, { cause });
  }
}

function readDocument(text: string): unknown {
  const document = parseDocument(text, {
    version: "1.1",
    schema: "failsafe",
    customTags: (tags) => tags.concat(TAGS),
    merge: true,
    uniqueKeys: false,
    strict: true,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw problem;
  visit(document, {
    Alias(_, alias, path) {
      const holds = path.some((node) => isNode(node) && "anchor" in node && node.anchor === alias.source);
      if (holds) throw new Error(`*${alias.source} stands in what it names`);
    },
  });
  return document.toJS({ maxAliasCount: MOST_ALIASES });
}
