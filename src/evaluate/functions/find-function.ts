// From a function that a task names to what stands for it here, found by its source.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { textOf } from "../../json.ts";
import { ModuleSource } from "../python/module-source.ts";
import type { PythonFunction } from "../tasks/yaml.ts";
import { PORTS, type Port } from "./registry.ts";

/** A function of Python that is written here, too. */
export class PortedFunction {
  /** Its Python, as results files show it. */
  readonly source: string;
  readonly port: Port;

  constructor(source: string, port: Port) {
    this.source = source;
    this.port = port;
  }
}

/** Characters of a file of Python. */
const LARGEST = 2 ** 20;
/** Digits of a hash that name a function. */
const DIGITS = 16;

/**
 * The function that stands for one of Python.
 *
 * where  the task's file, key  the key that names the function: for messages
 * @throws {BaimoError} `request` for a function that has no port
 */
export function findFunction({ name, folder }: PythonFunction, where: string, key: string): PortedFunction {
  const cut = name.lastIndexOf(".");
  const file = `${name.slice(0, cut).replaceAll(".", "/")}.py`;
  const called = name.slice(cut + 1);
  const path = resolve(folder, file);
  const module = openModule(path);
  // Some files make names by a loop: their makers say what each is.
  const closure = module.closure(called) ?? module.makers();
  const hash = createHash("sha256")
    .update(closure ?? "")
    .digest("hex")
    .slice(0, DIGITS);
  const found = closure === undefined ? undefined : PORTS.get(hash);
  const port = found?.kind === "named" ? found.of(called) : found;
  if (port) return new PortedFunction(`${module.own(called) ?? closure}\n`, port);
  const reason = closure === undefined ? "its source is not there" : `its source has the hash ${hash}`;
  throw new BaimoError(
    "request",
    `${where}: ${key} names the function ${called} of ${file}; baimo runs no Python, and has none of its own for this one ` +
      `(${reason}). Write the key as a template, or take a task without functions`,
  );
}

/** The file that was asked last: tasks of one folder follow each other, and name functions of one file. */
let last = { text: "", module: new ModuleSource("") };

function openModule(path: string): ModuleSource {
  const text = existsSync(path) && statSync(path).size <= LARGEST ? textOf(readFileSync(path), path) : "";
  if (text !== last.text) last = { text, module: new ModuleSource(text) };
  return last.module;
}
