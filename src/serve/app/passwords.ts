// Passwords as scrypt hashes them (RFC 7914), and the random tokens of sessions.
import { toHex } from "../../sha256.ts";

/** 32 MiB and some 100 ms a password. */
const [LOG_COST, BLOCK, PARALLEL] = [15, 8, 1];
const LENGTH = 32;

async function derive(password: string, salt: Uint8Array, logCost: number, block: number, parallel: number) {
  const { scrypt } = await import("node:crypto");
  const options = { N: 2 ** logCost, r: block, p: parallel, maxmem: 256 * 2 ** logCost * block };
  return new Promise<Uint8Array>((resolve, reject) =>
    scrypt(password.normalize("NFKC"), salt, LENGTH, options, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}

const fromHex = (text: string) =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** A password as it is kept: its salt and costs stand beside the hash. */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const hash = await derive(password, salt, LOG_COST, BLOCK, PARALLEL);
  return `scrypt:${LOG_COST}:${BLOCK}:${PARALLEL}:${toHex(salt)}:${toHex(hash)}`;
}

/** Whether it is the password; without one that is kept it takes as long and is not. */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const [, logCost, block, parallel, salt, hash] = (kept ?? NOBODY).split(":");
  const derived = await derive(password, fromHex(salt), Number(logCost), Number(block), Number(parallel));
  return isSame(toHex(derived), hash) && kept !== null;
}

const NOBODY = `scrypt:${LOG_COST}:${BLOCK}:${PARALLEL}:${"00".repeat(16)}:${"00".repeat(LENGTH)}`;

/** Compares texts in a time that does not tell where they differ. */
export function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++)
    difference |= one.charCodeAt(i) ^ other.charCodeAt(i % (other.length || 1));
  return difference === 0;
}

/** A secret of 256 bits. */
export const newToken = (): string => toHex(crypto.getRandomValues(new Uint8Array(32)));
