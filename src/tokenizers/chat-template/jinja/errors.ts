// Errors of templates: Python's exception type, its message, and the line of the template.

/** The exception types that templates meet; filters catch some of them as Python's do. */
export type ErrorKind =
  | "AssertionError"
  | "AttributeError"
  | "FilterArgumentError"
  | "IndexError"
  | "KeyError"
  | "LookupError"
  | "NameError"
  | "OverflowError"
  | "RuntimeError"
  | "SecurityError"
  | "SyntaxError"
  | "TemplateAssertionError"
  | "TemplateError"
  | "TemplateNotFound"
  | "TemplateRuntimeError"
  | "TemplateSyntaxError"
  | "TypeError"
  | "UndefinedError"
  | "UnicodeDecodeError"
  | "UnicodeEncodeError"
  | "ValueError"
  | "ZeroDivisionError";

/** What a template raises, as Python would. */
export class TemplateError extends Error {
  readonly kind: ErrorKind;
  /** The line of the template, from 1, where it is known. */
  line: number | undefined;

  constructor(kind: ErrorKind, message: string, line?: number) {
    super(message);
    this.kind = kind;
    this.line = line;
  }
}

export const typeError = (message: string) => new TemplateError("TypeError", message);
export const valueError = (message: string) => new TemplateError("ValueError", message);

/** Whether an error is one of these kinds. */
export function isError(error: unknown, ...kinds: ErrorKind[]): error is TemplateError {
  return error instanceof TemplateError && kinds.includes(error.kind);
}
