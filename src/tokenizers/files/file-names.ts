// The names of the files that a tokenizer is read from.

/** SentencePiece's file. */
export const PIECES = ["tokenizer.model", "spiece.model"] as const;

/** Vocabularies of tiktoken. */
export const TIKTOKEN = ["tiktoken.model", "qwen.tiktoken"] as const;

/** Files of chat templates in the folder additional_chat_templates: those that a request can ask for. */
export const NAMED_TEMPLATES = ["default", "tool_use", "rag"] as const;

/** All forms of a vocabulary, for messages. */
export const VOCABULARIES = `tokenizer.json, ${PIECES.join(", ")}, vocab.json with merges.txt, ${TIKTOKEN.join(", ")}, vocab.txt`;
