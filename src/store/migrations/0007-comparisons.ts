// Answers that were compared, and which of them somebody chose.

/** It stays when its conversation goes; `contestants` says who answered, `winner` who was chosen, null for none. */
export const comparisons = `
  CREATE TABLE comparisons (
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    question TEXT NOT NULL,
    contestants TEXT NOT NULL,
    winner INTEGER,
    created INTEGER NOT NULL,
    PRIMARY KEY (owner, question)
  ) STRICT, WITHOUT ROWID;
`;
