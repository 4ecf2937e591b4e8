// Reads a checkpoint's configuration; a field that nobody read is an error.
import { BaimoError } from "../../errors.ts";

/** Fields of a Hugging Face config.json, or GGUF metadata of one architecture without its prefix. */
export class ConfigReader {
  /** For messages: "config.json" or "gguf metadata". */
  readonly where: string;
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #used = new Set<string>();
  readonly #spellings = new Map<string, readonly string[]>();
  #assumed: Readonly<Record<string, unknown>> = {};
  readonly #ignored: readonly string[];

  /** ignored  fields that nobody need read, here and in nested records */
  constructor(where: string, fields: ReadonlyMap<string, unknown>, ignored: readonly string[] = []) {
    this.where = where;
    this.#fields = fields;
    this.#ignored = ignored;
  }

  /** Other spellings of fields, each before its usual one: what a family calls differently. */
  spell(names: Readonly<Record<string, readonly string[]>>): void {
    for (const [key, others] of Object.entries(names)) this.#spellings.set(key, others);
  }

  /** What fields are where the file leaves them out. A field that is null is there, and says "none". */
  assume(values: Readonly<Record<string, unknown>>): void {
    this.#assumed = values;
  }

  #names(key: string): readonly string[] {
    return [...(this.#spellings.get(key) ?? []), key];
  }

  /** The spelling that is there, else the family's own. */
  #spelling(key: string): string {
    const names = this.#names(key);
    return names.find((name) => (this.#fields.get(name) ?? undefined) !== undefined) ?? names[0];
  }

  #take(key: string): unknown {
    this.ignore(key);
    const isLeftOut = !this.#names(key).some((name) => this.#fields.has(name));
    return isLeftOut ? this.#assumed[key] : (this.#fields.get(this.#spelling(key)) ?? undefined);
  }

  #fail(key: string, expected: string, found: unknown, advice = ""): never {
    const plain = ArrayBuffer.isView(found) ? Array.from(found as Int32Array) : found; // GGUF's lists
    const shown = plain === undefined ? "nothing" : JSON.stringify(plain)?.slice(0, 100);
    const name = this.#spelling(key);
    throw new BaimoError("config", `${this.where}: "${name}" should be ${expected}, found ${shown}${advice}`);
  }

  /** The fields that are there. */
  keys(): string[] {
    return [...this.#fields.keys()];
  }

  /** Whether the field is there and not null. */
  has(key: string): boolean {
    return (this.#fields.get(this.#spelling(key)) ?? undefined) !== undefined;
  }

  /** Whether the field is there and a string. */
  isText(key: string): boolean {
    return typeof this.#fields.get(this.#spelling(key)) === "string";
  }

  /** A finite number; without a default the field must be there. */
  number(key: string, missing?: number): number {
    const value = this.#take(key) ?? missing;
    if (typeof value !== "number" || !Number.isFinite(value)) this.#fail(key, "a number", value);
    return value;
  }

  /** A whole number from 1 to `most`: sizes come from files that nobody has checked. */
  size(key: string, missing?: number, most = 1 << 24): number {
    const value = this.number(key, missing);
    if (!Number.isInteger(value) || value < 1 || value > most) {
      this.#fail(key, `a whole number from 1 to ${most.toLocaleString("en")}`, value);
    }
    return value;
  }

  boolean(key: string, missing: boolean): boolean {
    const value = this.#take(key) ?? missing;
    if (typeof value !== "boolean") this.#fail(key, "true or false", value);
    return value;
  }

  text(key: string, missing?: string): string {
    const value = this.#take(key) ?? missing;
    if (typeof value !== "string") this.#fail(key, "a string", value);
    return value;
  }

  /** One id, a list of ids, or nothing. */
  ids(key: string): number[] {
    const value = this.#take(key);
    const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
    for (const id of list)
      if (!Number.isInteger(id) || id < 0) this.#fail(key, "a token id or a list of them", value);
    return list;
  }

  /** A list of `length` finite numbers. */
  numbers(key: string, length: number): number[] {
    const value = this.#take(key);
    const good =
      Array.isArray(value) && value.length === length && value.every((item) => Number.isFinite(item));
    if (!good) this.#fail(key, `a list of ${length} numbers`, value);
    return value;
  }

  /** A list of `length` whole numbers from 1 to `most`. */
  sizes(key: string, length: number, most = 1 << 24): number[] {
    const value = this.numbers(key, length);
    if (value.every((size) => Number.isInteger(size) && size >= 1 && size <= most)) return value;
    return this.#fail(key, `${length} whole numbers from 1 to ${most.toLocaleString("en")}`, value);
  }

  /** A list of `length` yes and no, as booleans or as 0 and 1; nothing where no list is there. */
  flags(key: string, length: number): boolean[] | undefined {
    const value = this.#take(key);
    if (!Array.isArray(value) && !(value instanceof Int32Array)) return undefined;
    const list: unknown[] = Array.from(value);
    if (list.length !== length || list.some((item) => ![true, false, 0, 1].includes(item as number)))
      this.#fail(key, `a list of ${length} times yes or no`, value);
    return list.map((item) => item === true || item === 1);
  }

  /** What each layer's attention is, by `layer_types`; nothing where the field is not there. */
  layerTypes(numLayers: number, other = "sliding_attention"): string[] | undefined {
    const key = "layer_types";
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const known = ["full_attention", other];
    if (!Array.isArray(value) || value.length !== numLayers || !value.every((type) => known.includes(type)))
      this.#fail(key, `a list of ${numLayers} times ${known.map((type) => `"${type}"`).join(" or ")}`, value);
    return value;
  }

  /** A nested record, or undefined where it is absent or null. */
  record(key: string): ConfigReader | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value))
      this.#fail(key, "a record", value);
    return new ConfigReader(`${this.where}: "${key}"`, new Map(Object.entries(value)), this.#ignored);
  }

  /** This record with the fields of another put over its own. */
  with(other: ConfigReader): ConfigReader {
    return new ConfigReader(this.where, new Map([...this.#fields, ...other.#fields]), this.#ignored);
  }

  /** What a table has for the field's text. */
  choice<T>(key: string, table: Readonly<Record<string, T>>, missing?: string): T {
    const value = this.text(key, missing);
    if (Object.hasOwn(table, value)) return table[value];
    return this.#fail(key, oneOf(Object.keys(table)), value);
  }

  /**
   * The field must have one of these values, where it is there at all; with none listed it must not be there. What the
   * caller knows to be harmless is passed over.
   */
  only(key: string, ...allowed: readonly unknown[]): void {
    const value = this.#take(key);
    const name = this.#spelling(key);
    if (value === undefined || allowed.includes(value) || this.#ignored.includes(name)) return;
    const advice = `; another is not built, and ignoreConfigKeys: ["${name}"] goes on without it`;
    this.#fail(key, oneOf(allowed) || "left out", value, advice);
  }

  /** Fields that have no bearing on the mathematics. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) for (const name of this.#names(key)) this.#used.add(name);
  }

  /**
   * To be called last.
   * @throws {BaimoError} `config` naming the fields that nobody read
   */
  finish(): void {
    const known = new Set([...this.#used, ...this.#ignored]);
    const unknown = [...this.#fields].flatMap(([key, value]) =>
      known.has(key) || (value ?? undefined) === undefined ? [] : [key],
    );
    if (unknown.length === 0) return;
    throw new BaimoError(
      "config",
      `${this.where}: nothing here knows ${unknown.map((key) => `"${key}"`).join(", ")}, and an unknown setting ` +
        `may mean other mathematics; pass ignoreConfigKeys: [${unknown.map((key) => `"${key}"`).join(", ")}] ` +
        `(--ignore-config-keys ${unknown.join(",")}) to go on`,
    );
  }
}

/** Values in words: "a" or "b". */
function oneOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" or ");
}
