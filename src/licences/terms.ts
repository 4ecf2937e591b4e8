// The terms of a licence as data: types of catalogue/licences/*.json, and their check.
import type { Source, Text } from "../catalogue/catalogue.ts";
import {
  below,
  bilingual,
  type Check,
  date,
  fail,
  list,
  oneOf,
  positive,
  record,
  shaped,
  text,
  url,
} from "../catalogue/checks.ts";
import { CONDITIONS, type Condition } from "./conditions.ts";

/** What is done, as grants and duties speak of it. */
export const ACTS = ["use", "commercial", "changes", "hosted", "outputs", "copies", "sublicense"] as const;
/** What duties follow from besides: a changed copy goes to others, or a model made with outputs does. */
const DUTY_ACTS = [...ACTS, "changed-copies", "outputs-passed-on"] as const;
export type Act = (typeof DUTY_ACTS)[number];

/** The text of a licence or a policy: where it was read, when, and its hash, or why there is none. */
export interface TextSource extends Source {
  readonly sha256?: string;
  readonly unhashed?: Text;
}

/** A few words of a clause, and which text they are from. */
export interface Clause {
  readonly quote: string;
  readonly source: string;
}

/** What every term has: the clauses that say it. */
interface Base {
  readonly clauses: readonly string[];
}

/** Rights that a clause gives. What no grant names, the text does not decide. */
export interface Grant extends Base {
  readonly acts: readonly Act[];
}

/** A fact that takes a case out of a term, and the clause that says so. */
export interface Exception extends Base {
  readonly fact: "integratedEndUserProduct";
}

/** What must be done along with an act; `words` are prescribed. */
export interface DutyTerm extends Base {
  readonly kind: "duty";
  readonly condition: Condition;
  readonly on: readonly Act[];
  readonly words?: string;
}

/** A bound of users or money: which, until when it holds, and what follows beyond it. */
export interface UsersTerm extends Base {
  readonly kind: "users";
  readonly fact: "mau" | "mauAtRelease" | "dau" | "annualRevenue";
  /** The day of the model's release: users of the month before it count. */
  readonly released?: string;
  /** Allowed up to this, or only below that. */
  readonly most?: number;
  readonly below?: number;
  /** Users of affiliates count. */
  readonly affiliates: boolean;
  /** Only commercial use is bounded. */
  readonly commercially?: boolean;
  readonly beyond: "refuse" | Condition;
  readonly except?: Exception;
}

/**
 * Outputs that train another model. "own-only": not allowed, but for models of the licence itself; "derivative": allowed, and
 * the new model falls under the licence; "named": allowed, with duties that stand beside.
 */
export interface OutputsTerm extends Base {
  readonly kind: "outputs";
  readonly rule: "own-only" | "derivative" | "named";
}

/** How names of models made from the model, or with its outputs, begin. */
export interface NameTerm extends Base {
  readonly kind: "name";
  readonly prefix: string;
  readonly of: readonly ("model" | "outputs")[];
  readonly when: "passed-on" | "modified";
}

/** Where the rights are not given; `multimodal` are parts of the names of such models, where it matters. */
export interface PlaceTerm extends Base {
  readonly kind: "place";
  readonly region: "EU";
  readonly modality: "multimodal";
  readonly multimodal: readonly string[];
  readonly except: Exception;
}

/** Hosting for others needs a permission; `own`: the clause that leaves one's own applications out. */
export interface HostingTerm extends Base {
  readonly kind: "hosting";
  readonly own: readonly string[];
}

/** Fields of use that are refused, with their clauses, or in part; not `stored`: a policy elsewhere says which. */
export interface FieldsTerm extends Base {
  readonly kind: "fields";
  readonly stored: boolean;
  readonly named?: Readonly<Record<string, readonly string[]>>;
  readonly partly?: readonly string[];
}

/** Who may not be the licensee. */
export interface ProviderTerm extends Base {
  readonly kind: "provider";
  readonly none: readonly string[];
}

/** Notices stay in copies for others; `always`: in all. */
export interface NoticesTerm extends Base {
  readonly kind: "notices";
  readonly always?: boolean;
}

/** The newest version is owed, commerce is refused, an application comes first, the right stays with the licensee. */
export interface PlainTerm extends Base {
  readonly kind: "version" | "non-commercial" | "application" | "sublicence";
}

export type Term =
  | DutyTerm
  | UsersTerm
  | OutputsTerm
  | NameTerm
  | PlaceTerm
  | HostingTerm
  | FieldsTerm
  | ProviderTerm
  | NoticesTerm
  | PlainTerm;

/** What must be said along with an answer, or only where an act is among those of the case. */
export interface Remark extends Base {
  readonly on?: readonly Act[];
  readonly text: Text;
}

/** A licence as data. */
export interface LicenceTerms {
  readonly id: string;
  readonly sources: Readonly<Record<string, TextSource>>;
  readonly clauses: Readonly<Record<string, Clause>>;
  readonly grants: readonly Grant[];
  readonly terms: readonly Term[];
  readonly notes?: readonly Remark[];
}

/** Longest quotation: enough to find the place, too little to replace the text. */
const LONGEST_QUOTE = 520;

const flag: Check = (place, value) => {
  if (typeof value !== "boolean") fail(place, "true or false", value);
};
const hash: Check = (place, value) => {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) fail(place, "a SHA-256 in hex", value);
};
const quote: Check = (place, value) => {
  text(place, value);
  if ((value as string).length > LONGEST_QUOTE) fail(place, `at most ${LONGEST_QUOTE} characters`, value);
};
const anyTexts: Check = (place, value) => {
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string"))
    fail(place, "a list of texts", value);
};
const optional = { on: list(oneOf(DUTY_ACTS)) };
const source = shaped(
  { title: text, url, accessed: date(false) },
  { copy: date(false), sha256: hash, unhashed: bilingual },
);

/**
 * Checks the terms of one licence: every term, grant and remark cites a clause, every clause a text, every text its address,
 * date and hash or the reason why there is none.
 * @throws {BaimoError} `format` naming the file and the place of what is wrong
 */
export function readTerms(file: string, value: unknown): LicenceTerms {
  const start = { file, path: "$" };
  const sources = record(below(start, "sources"), record(start, value).sources);
  const clauses = record(below(start, "clauses"), record(start, value).clauses);
  const cited = list((place, key) => {
    if (typeof key !== "string" || !Object.hasOwn(clauses, key)) fail(place, "a key of clauses", key);
  });
  const exception = shaped({ fact: oneOf(["integratedEndUserProduct"]), clauses: cited });
  const shapes: Readonly<Record<Term["kind"], Check>> = {
    duty: term({ condition: oneOf(CONDITIONS), on: list(oneOf(DUTY_ACTS)) }, { words: text }),
    users: term(
      {
        fact: oneOf(["mau", "mauAtRelease", "dau", "annualRevenue"]),
        affiliates: flag,
        beyond: oneOf(["refuse", ...CONDITIONS]),
      },
      { released: date(false), most: positive, below: positive, commercially: flag, except: exception },
    ),
    outputs: term({ rule: oneOf(["own-only", "derivative", "named"]) }),
    name: term({
      prefix: text,
      of: list(oneOf(["model", "outputs"])),
      when: oneOf(["passed-on", "modified"]),
    }),
    place: term({
      region: oneOf(["EU"]),
      modality: oneOf(["multimodal"]),
      multimodal: anyTexts,
      except: exception,
    }),
    hosting: term({ own: cited }),
    fields: term(
      { stored: flag },
      {
        partly: list(text),
        named: (place, named) => {
          for (const [field, keys] of Object.entries(record(place, named))) cited(below(place, field), keys);
        },
      },
    ),
    provider: term({ none: list(text) }),
    notices: term({}, { always: flag }),
    version: term({}),
    "non-commercial": term({}),
    application: term({}),
    sublicence: term({}),
  };
  function term(must: Readonly<Record<string, Check>>, may: Readonly<Record<string, Check>> = {}): Check {
    return shaped({ kind: text, clauses: cited, ...must }, may);
  }
  const anyTerm: Check = (place, given) => {
    const { kind } = record(place, given);
    oneOf(Object.keys(shapes))(below(place, "kind"), kind);
    shapes[kind as Term["kind"]](place, given);
  };
  shaped(
    {
      id: oneOf([file.replace(/\.json$/, "")]),
      sources: () => {},
      clauses: () => {},
      grants: list(shaped({ clauses: cited, acts: list(oneOf(ACTS)) })),
      terms: list(anyTerm),
    },
    { notes: list(shaped({ clauses: cited, text: bilingual }, optional)) },
  )(start, value);
  for (const [key, each] of Object.entries(sources)) {
    const place = below(below(start, "sources"), key);
    source(place, each);
    const given = record(place, each);
    if ("sha256" in given === "unhashed" in given) fail(place, "sha256 or unhashed, one of them", each);
  }
  const quoted = shaped({ quote, source: oneOf(Object.keys(sources)) });
  for (const [key, each] of Object.entries(clauses)) quoted(below(below(start, "clauses"), key), each);
  return value as LicenceTerms;
}
