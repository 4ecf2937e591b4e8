"""Fills the generated parts of README.md (data, training, evaluation, samples) from `log/`; `python card.py`.

Each part stands between `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def data_part(data: dict[str, Any]) -> str:
    forms = "\n".join(f"| {form} | {count:,} | {data['heldOutByForm'].get(form, 0):,} |" for form, count in data["trainByForm"].items())
    dropped = "\n".join(f"| {reason} | {count:,} |" for reason, count in sorted(data["dropped"].items(), key=lambda item: -item[1]))
    return (f"| form | training | held-out |\n| --- | --- | --- |\n{forms}\n"
            f"| **all poems** | **{data['train']:,}** | **{data['heldOut']:,}** |\n"
            f"| characters | {data['trainCharacters']:,} | {data['heldOutCharacters']:,} |\n\n"
            f"| dropped because | poems |\n| --- | --- |\n{dropped}")


def training_part(rows: list[dict[str, Any]]) -> str:
    last = rows[-1]
    held = [r for r in rows if "heldOut" in r]
    flat = [r for r in rows if r["step"] > 100]
    first = next((r["step"] - 1 for r in flat if r["rate"] < 1), last["step"])
    again = [b["step"] - 1 for a, b in zip(flat, flat[1:]) if b["rate"] > a["rate"] + 0.5]
    starts = " and again after step ".join(f"{step:,}" for step in [first, *again])
    curve = " ".join(f"{r['step']}: {r['heldOut']:.3f}" for r in held)
    return (f"{last['step']:,} steps of 8,192 tokens: {last['tokens'] / 1e6:.1f} M tokens in all, {last['predicted'] / 1e6:.1f} M of them "
            f"predicted (the answers), in {last['seconds'] / 60:.0f} minutes of wall clock on two CPU cores that other work shared. "
            f"The decay began after step {starts}.\n\nHeld-out loss by step: {curve}.")


def evaluation_part(e: dict[str, Any]) -> str:
    def row(what: str, bar: str, value: str, met: bool) -> str:
        return f"| {what} | {bar} | {value} | {'met' if met else '**missed**'} |"

    by_form = ", ".join(f"{form} {percent(share)}" for form, share in e["shiByForm"].items())
    table = [
        "| what | bar | measured | |", "| --- | --- | --- | --- |",
        row("240 shi with the asked number and length of lines", "at least 95%", percent(e["shiForm"]), e["shiForm"] >= 0.95),
        row("60 ci whose clause lengths are a training variant of the tune", "at least 85%", percent(e["ciForm"]), e["ciForm"] >= 0.85),
        row("lines verbatim from the training set, shi and ci", "at most 5%", percent(e["verbatim"]), e["verbatim"] <= 0.05),
        row("lines repeated within a poem", "at most 2%", percent(e["repeated"]), e["repeated"] <= 0.02),
        row("held-out loss below the trigram's, nats a character", "at least 0.3", f"{e['gain']:.3f}", e["gain"] >= 0.3),
        row("size of the file", "at most 12 MB", f"{e['bytes'] / 1e6:.2f} MB", e["bytes"] <= 12e6),
    ]
    verbatim = [
        "| share of lines verbatim in training | the poet | the held-out poems themselves |", "| --- | --- | --- |",
        *(f"| {name} | {percent(e[key])} | {percent(e[key + 'OfPeople'])} |" for name, key in (
            ("all 300 poems", "verbatim"), ("the 240 shi", "verbatimShi"), ("the 60 ci", "verbatimCi"),
            ("lines of five characters or more", "verbatimFromFive"))),
    ]
    loss = [
        "| nats a character, held-out | with punctuation | Han characters only |", "| --- | --- | --- |",
        *(f"| {name} | {e[key + 'Nats']:.3f} | {e[key + 'NatsHanOnly']:.3f} |" for name, key in (
            ("Kneser-Ney trigram", "trigram"), ("the poet, asked with title and form or tune", "model"),
            ("the poet, asked only 写一首诗", "modelWithoutTitle"))),
    ]
    return "\n".join([*table, "", f"Shi by form: {by_form}. Repeated lines: shi {percent(e['repeatedShi'])}, ci {percent(e['repeatedCi'])}; "
                      f"in the held-out poems themselves {percent(e['repeatedOfPeople'])}. "
                      f"Of the 60 held-out ci themselves, {percent(e['ciHeldOutPoemsForm'])} have a variant seen in training.", "",
                      *verbatim, "", *loss])


def samples_part(samples: list[dict[str, str]]) -> str:
    return "\n\n".join(f"{i}. {s['request']}\n\n   ```\n" + "\n".join(f"   {line}" for line in s["reply"].split("\n")) + "\n   ```"
                       for i, s in enumerate(samples, 1))


def main() -> None:
    def log(name: str) -> Any:
        return json.loads((HERE / "log" / name).read_text())

    rows = [json.loads(line) for line in (HERE / "log" / "train.jsonl").open()]
    parts = {"data": data_part(log("data.json")), "training": training_part(rows),
             "evaluation": evaluation_part(log("evaluation.json")), "samples": samples_part(log("samples.json"))}
    card = (HERE / "README.md").read_text()
    for name, text in parts.items():
        card = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: f"<!-- {name} -->\n{text}\n<!-- /{name} -->", card, flags=re.S)
    (HERE / "README.md").write_text(card)


if __name__ == "__main__":
    main()
