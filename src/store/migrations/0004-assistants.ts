// Assistants: what a list shows in columns, the rest as JSON.

export const assistants = `
  CREATE TABLE assistants (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    summary TEXT NOT NULL,
    attachments TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX assistants_of_owner ON assistants (owner, updated);
`;
