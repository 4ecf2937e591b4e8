// The names of users as they are compared: see `foldName` in ../users.ts.

/** Null where `Users` has not filled it in; an older database may have two names that fold to one. */
export const foldedNames = `
  ALTER TABLE users ADD COLUMN folded TEXT;
  CREATE INDEX users_by_folded ON users (folded);
`;
