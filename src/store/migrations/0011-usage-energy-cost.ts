// Usage with energy and cost: answers of which they are known stand apart from the others.

/** `energyFrom` and `currency` are "" where nobody knows. */
export const usageEnergyCost = `
  CREATE TABLE usage_known (
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    assistant TEXT NOT NULL,
    energyFrom TEXT NOT NULL,
    currency TEXT NOT NULL,
    answers INTEGER NOT NULL,
    promptTokens INTEGER NOT NULL,
    cachedTokens INTEGER NOT NULL,
    completionTokens INTEGER NOT NULL,
    promptMs REAL NOT NULL,
    generationMs REAL NOT NULL,
    joules REAL NOT NULL,
    cost REAL NOT NULL,
    PRIMARY KEY (owner, day, model, assistant, energyFrom, currency)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO usage_known
    SELECT owner, day, model, assistant, '', '', answers, promptTokens, cachedTokens, completionTokens, promptMs, generationMs, 0, 0
    FROM usage;
  DROP TABLE usage;
  ALTER TABLE usage_known RENAME TO usage;
`;
