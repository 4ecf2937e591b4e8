// What a task asks about: one row of its data.

/** One document: values by column, as `parsePythonJson` gives them; what a row lacks is null. */
export type Document = Readonly<Record<string, unknown>>;
