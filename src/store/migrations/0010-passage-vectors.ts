// Vectors of passages, by the text of their file and the model that made them.

/** `file` is a hash of its passages, `at` the place among them; `used` says when they were last asked for. */
export const passageVectors = `
  CREATE TABLE passage_vectors (
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    model TEXT NOT NULL,
    file TEXT NOT NULL,
    at INTEGER NOT NULL,
    vector TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (owner, model, file, at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX passage_vectors_used ON passage_vectors (used);
`;
