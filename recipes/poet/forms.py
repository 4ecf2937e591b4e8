"""What a clause, a form and a tune's variant are. Leans on nothing."""

from __future__ import annotations

import re

MARKS = "，。？！、；："
_SPLIT = re.compile(rf"[{MARKS}\s]+")
UNIFORM = {(4, 5): "五言绝句", (4, 7): "七言绝句", (8, 5): "五言律诗", (8, 7): "七言律诗", (4, 6): "六言绝句"}
SHAPES = {name: shape for shape, name in UNIFORM.items()}


def clauses(text: str) -> list[str]:
    """The stretches between punctuation marks (and line ends), in order."""
    return [piece for piece in _SPLIT.split(text) if piece]


def clause_lengths(text: str) -> tuple[int, ...]:
    """Characters in each clause: what identifies a variant of a ci tune."""
    return tuple(len(piece) for piece in clauses(text))


def shi_form(text: str) -> str:
    """The form's name from the number and length of its clauses; empty when irregular."""
    lengths = clause_lengths(text)
    if len(set(lengths)) != 1 or len(lengths) < 4 or len(lengths) % 2:
        return ""
    name = UNIFORM.get((len(lengths), lengths[0]), "")
    return name or {4: "四言诗", 5: "五言古诗", 7: "七言古诗"}.get(lengths[0], "")
