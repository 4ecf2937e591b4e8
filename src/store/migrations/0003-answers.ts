// The log of answers under way: events in their order, only ever added to.

export const answers = `
  CREATE TABLE answer_events (
    answer INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    n INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (answer, n)
  ) STRICT, WITHOUT ROWID;
`;
