// The files of a folder of sequences: what each is called, whether it is whole, how it is emptied.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Written last: without it the folder is not whole. */
export const MANIFEST_FILE = "manifest.json";
export const DOCUMENTS_FILE = "documents.jsonl";
export const PIECES_FILE = "pieces.bin";
export const SEQUENCES_FILE = "sequences.bin";
export const shardFile = (number: number): string => `tokens-${String(number).padStart(5, "0")}.bin`;

const FILES = new Set([MANIFEST_FILE, DOCUMENTS_FILE, PIECES_FILE, SEQUENCES_FILE]);

/** Whether a folder was packed to its end. */
export const isPackedFolder = (folder: string): boolean => existsSync(join(folder, MANIFEST_FILE));

/** Takes away what was written into a folder of sequences, and nothing else. */
export function clearPackedFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (FILES.has(name) || /^tokens-\d+\.bin$/.test(name)) rmSync(join(folder, name));
}
