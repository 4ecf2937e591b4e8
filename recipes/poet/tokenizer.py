"""The character tokenizer: one token a known character, UTF-8 bytes for the rest, control tokens for the chat.

It is a SentencePiece vocabulary in which no two pieces ever merge, so any engine that reads GGUF's "llama" tokenizer
splits text the same way. Ids: <unk> <s> </s>, then 256 bytes, then the control tokens, then characters.
"""

from __future__ import annotations

import json
from pathlib import Path

UNK, BOS, EOS = 0, 1, 2
FIRST_BYTE = 3
CONTROL = ["<|user|>", "<|assistant|>", "<|end|>"]
USER, ASSISTANT, END = (FIRST_BYTE + 256 + i for i in range(3))
NUM_RESERVED = FIRST_BYTE + 256 + len(CONTROL)
NEWLINE = FIRST_BYTE + ord("\n")


def required_characters() -> list[str]:
    """Characters every request may need, whatever the corpus holds: the space, ASCII, punctuation, template words."""
    from prompts import template_characters

    marks = "，。？！、；：《》「」『』“”‘’（）…—・·"
    ascii_printable = [chr(i) for i in range(33, 127)]
    ordered = ["\u2581", *ascii_printable, *marks, *template_characters()]
    return list(dict.fromkeys(ordered))


class Tokenizer:
    """Encodes and decodes with a list of characters, whose first id is NUM_RESERVED."""

    def __init__(self, characters: list[str]) -> None:
        self.characters = characters
        self.ids = {c: NUM_RESERVED + i for i, c in enumerate(characters)}
        self.size = NUM_RESERVED + len(characters)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        return cls(json.loads(path.read_text()))

    def encode(self, text: str) -> list[int]:
        """Plain text to ids; control tokens are never produced here."""
        out: list[int] = []
        for c in text.replace(" ", "\u2581"):
            token = self.ids.get(c)
            if token is None:
                out.extend(FIRST_BYTE + b for b in c.encode())
            else:
                out.append(token)
        return out

    def decode(self, tokens: list[int]) -> str:
        """Ids to text; control tokens vanish and broken UTF-8 becomes U+FFFD."""
        data = bytearray()
        for token in tokens:
            if FIRST_BYTE <= token < FIRST_BYTE + 256:
                data.append(token - FIRST_BYTE)
            elif token >= NUM_RESERVED:
                data.extend(self.characters[token - NUM_RESERVED].encode())
        return data.decode(errors="replace").replace("\u2581", " ")

    def prompt(self, request: str) -> list[int]:
        """The layout the model answers: <s><|user|>request<|assistant|>."""
        return [BOS, USER, *self.encode(request), ASSISTANT]

    def pieces(self) -> tuple[list[bytes], list[float], list[int]]:
        """Pieces, scores and GGUF token types (1 normal, 2 unknown, 3 control, 6 byte), by id."""
        texts = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *CONTROL, *self.characters]
        types = [2, 3, 3, *([6] * 256), *([3] * len(CONTROL)), *([1] * len(self.characters))]
        scores = [0.0] * NUM_RESERVED + [-float(i) for i in range(len(self.characters))]
        return [t.encode() for t in texts], scores, types
