// Users, where they have signed in, and what they set.

/** The first is whoever sits at this machine. */
export const users = `
  CREATE TABLE users (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'user')),
    password TEXT,
    settings TEXT NOT NULL DEFAULT '{}',
    created INTEGER NOT NULL
  ) STRICT;
  INSERT INTO users (key, id, name, role, created) VALUES (1, 'local', '', 'admin', 0);

  CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_of_user ON sessions (user);
  CREATE INDEX sessions_by_end ON sessions (expires);
`;
