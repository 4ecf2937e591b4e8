// Servers of tools (MCP), by address or command, and the tools that are trusted.

export const toolServers = `
  CREATE TABLE tool_servers (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('address', 'command')),
    target TEXT NOT NULL,
    trusted TEXT NOT NULL DEFAULT '[]',
    created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX tool_servers_of_owner ON tool_servers (owner, key);
`;
