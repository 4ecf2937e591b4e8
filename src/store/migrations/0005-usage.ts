// What answers took, by user, day, model and assistant; it stays when conversations go.

export const usage = `
  CREATE TABLE usage (
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    assistant TEXT NOT NULL,
    answers INTEGER NOT NULL,
    promptTokens INTEGER NOT NULL,
    cachedTokens INTEGER NOT NULL,
    completionTokens INTEGER NOT NULL,
    promptMs REAL NOT NULL,
    generationMs REAL NOT NULL,
    PRIMARY KEY (owner, day, model, assistant)
  ) STRICT, WITHOUT ROWID;
`;
