// Facts, and what they follow from.
import { sha256 } from "../sha256.ts";
import type { Value } from "../store/database.ts";

/** Rows that a statement gave. */
export interface SqlEvidence {
  readonly kind: "sql";
  readonly node: string;
  readonly database: string;
  readonly sql: string;
  readonly parameters: readonly Value[];
  readonly rows: number;
  /** SHA-256 of the rows as compact JSON, an array of arrays. */
  readonly rowsSha256: string;
  /** A statement for the keys of the rows that went in, where this one puts rows together; the parameters are the same. */
  readonly lineageSql?: string;
}

/** Literal numbers and texts that the task gave a call, by name. */
export type Settings = Readonly<Record<string, unknown>>;

/** A third party's answer. */
export interface HttpEvidence {
  readonly kind: "http";
  readonly node: string;
  readonly service: string;
  readonly operationId: string;
  /** SHA-256 of the answer as it was taken, in JSON. */
  readonly answerSha256: string;
  /** Where in it a fact stands, where it stands there itself. */
  readonly pointer?: string;
  readonly settings?: Settings;
}

/** What a model computed. */
export interface ModelEvidence {
  readonly kind: "model";
  readonly node: string;
  readonly model: string;
  /** SHA-256 of the model's file. */
  readonly version: string;
  /** SHA-256 of what it was given, in JSON. */
  readonly inputSha256: string;
  readonly settings?: Settings;
}

/** A clause, a formula, a figure with its source: what a decision rests on. */
export interface Citation {
  readonly name: string;
  readonly says: string;
  /** Title, date and address, as far as there are. */
  readonly source?: string;
}

/** What a statistic or a calculation computed. */
export interface StepEvidence {
  readonly kind: "step";
  readonly node: string;
  readonly tool: string;
  /** The calculation, or the name of the statistic. */
  readonly step: string;
  readonly inputSha256: string;
  readonly settings?: Settings;
  readonly citations?: readonly Citation[];
}

/** What was written. */
export interface WriteEvidence {
  readonly kind: "write";
  readonly node: string;
  readonly database: string;
  readonly sql: string;
  readonly parameters: readonly Value[];
  /** How many rows changed. */
  readonly changed: number;
  /** SHA-256 of the rows as they were shown before. */
  readonly rowsSha256: string;
  /** The key beside the rows in the database, which lets it happen once. */
  readonly key: string;
}

export type Evidence = WriteEvidence | SqlEvidence | HttpEvidence | ModelEvidence | StepEvidence;

/** A value that a report may state. */
export interface Fact {
  readonly key: string;
  readonly value: unknown;
  readonly unit: string;
  readonly node: string;
  /** The node's own, and before it those of the nodes that it drew on. */
  readonly evidence: readonly Evidence[];
}

/** SHA-256 of a value as JSON. */
export const hashOf = (value: unknown): Promise<string> => sha256(JSON.stringify(value) ?? "null");
