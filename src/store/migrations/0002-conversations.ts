// Conversations, their messages as a tree, folders, the index of their words.

/**
 * `pinned`, `updated` and `key` are the order of the list. A message whose conversation goes takes its words along, however
 * it went.
 */
export const conversations = `
  CREATE TABLE folders (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    name TEXT NOT NULL,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX folders_of_owner ON folders (owner, name);

  CREATE TABLE conversations (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    folder INTEGER REFERENCES folders ON DELETE SET NULL,
    title TEXT NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    model TEXT,
    assistant TEXT,
    settings TEXT NOT NULL DEFAULT '{}',
    draft TEXT NOT NULL DEFAULT '',
    leaf INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER
  ) STRICT;
  CREATE INDEX conversations_in_order ON conversations (owner, pinned, updated, key) WHERE deleted IS NULL;
  CREATE INDEX conversations_in_folder ON conversations (folder, pinned, updated, key) WHERE deleted IS NULL;
  CREATE INDEX conversations_of_folder ON conversations (folder);
  CREATE INDEX conversations_of_owner ON conversations (owner);
  CREATE INDEX conversations_deleted ON conversations (owner, deleted) WHERE deleted IS NOT NULL;
  CREATE INDEX conversations_by_deletion ON conversations (deleted) WHERE deleted IS NOT NULL;

  CREATE TABLE messages (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    parent INTEGER REFERENCES messages ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'tool')),
    parts TEXT NOT NULL,
    model TEXT,
    assistant TEXT,
    status TEXT NOT NULL CHECK (status IN ('done', 'running', 'stopped', 'interrupted', 'failed')),
    outcome TEXT NOT NULL DEFAULT '{}',
    events INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX messages_of_conversation ON messages (conversation, key);
  CREATE INDEX messages_of_parent ON messages (parent);
  CREATE INDEX messages_running ON messages (status, conversation) WHERE status = 'running';

  CREATE VIRTUAL TABLE message_words USING fts5 (
    words, content = '', contentless_delete = 1, prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE TRIGGER words_of_message AFTER DELETE ON messages BEGIN
    DELETE FROM message_words WHERE rowid = old.key;
  END;
  CREATE VIRTUAL TABLE title_words USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE TRIGGER words_of_title AFTER DELETE ON conversations BEGIN
    DELETE FROM title_words WHERE rowid = old.key;
  END;
`;
