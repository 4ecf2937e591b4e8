"""Reads the corpus and writes cleaned poems, split into training and held-out, one JSON object a line.

    python prepare.py --corpus ../../../shared/corpus --work work

Cleaning drops a poem rather than mending it; the counts of what was dropped and why go to `log/data.json`.
Leans on `forms.py` for what a clause and a form are.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Iterator

from forms import MARKS, clauses, shi_form

HERE = Path(__file__).parent
# sha256 of the unpacked bytes, as in fetch.mjs.
FILES = {
    "poems.jsonl.gz": "d36dc3933629421c3c17952bd4cd4321c72dad8958e16b1ff460b794fbdacdc2",
    "song-shi.jsonl.gz": "b1c0f049407f09c548a0458ea71bd83031af6efc73d5748885a88ca06437b2e7",
}
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff"
CLEAN_LINE = re.compile(rf"^[{HAN}{MARKS}]+$")
NOTE = re.compile(r"（[^（）]*）|〖[^〖〗]*〗|\[[^\[\]]*\]|〔[^〔〕]*〕|\([^()]*\)")
NUMERAL = "一二三四五六七八九十百廿卅〇○"
ORDINAL = re.compile(rf"\s*(其[{NUMERAL}]+|其?[{NUMERAL}]+$)")
COUNT = re.compile(rf"[{NUMERAL}]+首$")
TUNE_SEPARATOR = re.compile(r"[・·•‧]")


def read_corpus(folder: Path) -> Iterator[dict[str, Any]]:
    """Yields the shi and ci of both corpus files, after checking each file's sha256."""
    for name, expected in FILES.items():
        if not (folder / name).exists():
            raise SystemExit(f"{folder / name} is missing; `node fetch.mjs` rebuilds it from its public source")
        data = gzip.decompress((folder / name).read_bytes())
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise SystemExit(f"{name}: sha256 is {found}, expected {expected}; fetch the corpus again")
        for line in data.decode().splitlines():
            poem = json.loads(line)
            if poem["form"] in ("shi", "ci"):
                yield poem


def clean_title(title: str) -> str:
    """The title without notes, ordinals (其二) and counts (三首); empty when nothing usable is left."""
    title = NOTE.sub("", title).strip()
    parts = title.split(" ")
    title = parts[0] if len(parts) > 1 and ORDINAL.fullmatch(" " + parts[-1]) else title
    title = COUNT.sub("", re.sub(r"[\s，。]+$", "", title))
    return title if re.fullmatch(rf"[{HAN}]+", title) and title not in ("句", "诗", "失题", "无题句") else ""


def break_lines(text: str, kind: str) -> list[str]:
    """Verse lines as printed: a couplet a line for shi, a sentence a line for ci."""
    pieces = re.findall(rf"[^{MARKS}]+[{MARKS}]+", text)
    if kind == "shi":
        return ["".join(pieces[i : i + 2]) for i in range(0, len(pieces), 2)]
    lines: list[str] = [""]
    for piece in pieces:
        lines[-1] += piece
        if piece[-1] in "。？！；":
            lines.append("")
    return [line for line in lines if line]


def clean_poem(raw: dict[str, Any], max_characters: int) -> tuple[dict[str, Any] | None, str]:
    """One cleaned poem, or None with the reason it was dropped."""
    lines = [re.sub(r"[「」『』“”‘’\s]", "", line) for line in raw["lines"]]
    text = "".join(line if line and line[-1] in MARKS else line + "。" for line in lines if line)
    if not CLEAN_LINE.match(text):
        return None, "characters other than Han and punctuation (lost or unencoded characters, notes, damage)"
    if len(text) > max_characters:
        return None, "longer than the limit"
    kind, title, tune, aliases = raw["form"], "", "", []
    if kind == "shi":
        form = shi_form(text)
        title = clean_title(raw["title"])
        if raw["title"].startswith("句"):
            return None, "a fragment (句)"
    else:
        form = "词"
        aliases = [re.sub(rf"\s.*|[^{HAN}]", "", NOTE.sub("", part)) for part in TUNE_SEPARATOR.split(raw["title"])]
        aliases = [part for part in aliases if part]
        if raw["dynasty"] != "song":  # there what follows the dot is a subtitle, not another name
            aliases = aliases[:1]
        if not aliases or "失调名" in aliases:
            return None, "a ci without a tune"
        tune = aliases[0]
    if not form:
        return None, "a shi of no regular form"
    author = raw["author"] if re.fullmatch(rf"[{HAN}]{{2,4}}", raw["author"]) else ""
    lines = break_lines(text, kind)
    poem = {"kind": kind, "form": form, "title": title, "tune": tune, "aliases": aliases, "author": author,
            "dynasty": raw["dynasty"], "lines": lines}
    return poem, ""


def fraction(seed: str, text: str) -> float:
    """A stable number in [0, 1) for a text."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:6], "big") / 2**48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=HERE / "../../../shared/corpus")
    parser.add_argument("--work", type=Path, default=HERE / "work")
    args = parser.parse_args()
    config = json.loads((HERE / "config.json").read_text())
    settings = config["data"]
    dropped: collections.Counter[str] = collections.Counter()
    poems, seen = [], set()
    for raw in read_corpus(args.corpus):
        poem, reason = clean_poem(raw, settings["maxCharacters"])
        if poem is None:
            dropped[reason] += 1
        elif (key := "".join(clauses("".join(poem["lines"])))) in seen:
            dropped["the same words as an earlier poem"] += 1
        else:
            seen.add(key)
            poems.append(poem)

    # A tune written 酹江月・念奴娇 counts under whichever of its names is commoner.
    tunes = collections.Counter(poem["tune"] for poem in poems)
    for poem in poems:
        if len(poem["aliases"]) > 1:
            poem["tune"] = max(poem["aliases"], key=lambda name: tunes[name])

    # The vocabulary: the commonest characters of verse, titles and authors; poems needing any other are dropped.
    from tokenizer import NUM_RESERVED, required_characters
    counts: collections.Counter[str] = collections.Counter()
    for poem in poems:
        counts.update("".join(poem["lines"]))
        counts.update(poem["title"] + poem["tune"])
    required = required_characters()
    room = config["model"]["vocabSize"] - NUM_RESERVED - len(required)
    common = [c for c, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if c not in set(required)]
    characters = required + common[:room]
    known = set(characters)
    kept = [poem for poem in poems if known.issuperset("".join(poem["lines"]))]
    dropped["a character outside the vocabulary"] = len(poems) - len(kept)

    # Split by the first clause, so that poems with the same opening never straddle.
    train, held = [], []
    for poem in kept:
        opening = clauses("".join(poem["lines"]))[0]
        (held if fraction(settings["splitSeed"], opening) < settings["heldOutShare"] else train).append(poem)
    train_clauses = {c for poem in train for c in clauses("".join(poem["lines"])) if len(c) >= 5}
    clean_held = []
    for poem in held:
        long = [c for c in clauses("".join(poem["lines"])) if len(c) >= 5]
        if long and sum(c in train_clauses for c in long) / len(long) >= 0.25:
            dropped["held-out, but a quarter of its clauses are in training"] += 1
        else:
            clean_held.append(poem)

    args.work.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train", train), ("held-out", clean_held)):
        with (args.work / f"{name}.jsonl").open("w") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (args.work / "characters.json").write_text(json.dumps(characters, ensure_ascii=False))
    report = {
        "train": len(train), "heldOut": len(clean_held), "dropped": dict(dropped),
        "trainByForm": dict(collections.Counter(p["form"] for p in train).most_common()),
        "heldOutByForm": dict(collections.Counter(p["form"] for p in clean_held).most_common()),
        "trainCharacters": sum(len("".join(p["lines"])) for p in train),
        "heldOutCharacters": sum(len("".join(p["lines"])) for p in clean_held),
    }
    (HERE / "log").mkdir(exist_ok=True)
    (HERE / "log" / "data.json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    print(json.dumps(report, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
