// Errors as they cross threads.
import { BaimoError } from "../errors.ts";
import type { PlainError } from "./protocol.ts";

export function plainError(error: unknown): PlainError {
  if (error instanceof BaimoError) {
    const { code, message, option, stack } = error;
    return { code, message, option, stack };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "device", message: `a worker failed: ${message}`, stack: (error as Error)?.stack };
}

export function fromPlainError({ code, message, option, stack }: PlainError): BaimoError {
  return new BaimoError(code, message, { cause: stack, option });
}
