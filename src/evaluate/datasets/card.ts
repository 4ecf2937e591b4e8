// What a dataset's README.md says in its front matter: licence, and which files are which split.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { parseYaml } from "../tasks/yaml.ts";

/** A configuration of a dataset. */
export interface CardConfig {
  readonly name: string;
  readonly isDefault: boolean;
  readonly dataFiles?: unknown;
  readonly dataDir?: string;
  /** Between the fields of CSV. */
  readonly separator?: string;
}

/** The front matter, read. */
export interface DatasetCard {
  /** As it is tagged, several with commas. */
  readonly licence?: string;
  readonly configs: readonly CardConfig[];
}

const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;

/** Reads a card; one without front matter says nothing. @throws {BaimoError} `format` for front matter that is none */
export function readCard(text: string, where: string): DatasetCard {
  const [, yaml] = FRONT_MATTER.exec(text) ?? [];
  const about = yaml === undefined ? {} : parseYaml(yaml, where);
  if (!isRecord(about)) return { configs: [] };
  const licences = [about.license ?? about.licence ?? []].flat().filter((one) => typeof one === "string");
  const list = about.configs ?? [];
  if (!Array.isArray(list))
    throw new BaimoError("format", `${where}: configs must be a list but is ${brief(list)}`);
  const configs = list.map((entry): CardConfig => {
    if (!isRecord(entry)) throw new BaimoError("format", `${where}: configs has the entry ${brief(entry)}`);
    const { config_name: name, data_files: dataFiles, data_dir: dataDir, sep, delimiter } = entry;
    const separator = sep ?? delimiter;
    return {
      name: name === undefined || name === null ? "default" : String(name),
      isDefault: entry.default === true,
      dataFiles: dataFiles ?? undefined,
      dataDir: typeof dataDir === "string" ? dataDir : undefined,
      separator: typeof separator === "string" ? separator : undefined,
    };
  });
  return { licence: licences.length > 0 ? licences.join(", ") : undefined, configs };
}
