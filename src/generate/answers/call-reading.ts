// What is known while a call is read, and where it is given out.
import type { Input } from "./input.ts";
import type { Schema } from "./raw-value.ts";

/** What reading calls needs, and where it gives them out. */
export interface CallReading {
  readonly input: Input;
  /** The schema of each offered tool's arguments. */
  readonly tools: ReadonlyMap<string, Schema>;
  /** A call's name is known. */
  start(name: string, id?: string): void;
  /** More of its arguments, as JSON. */
  write(json: string): void;
  /** It is over. */
  end(): void;
  /** The name of the call that is being read. */
  name?: string;
  /** Its arguments are whole: what closes it may be missing at the end of the answer. */
  complete: boolean;
}
