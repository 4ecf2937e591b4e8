# Random texts and what Hugging Face's tokenizers or sentencepiece make of them.
#
#   python3 test/oracles/tokenizers.py --seed 1 --texts 100000 FOLDER ... | node test/oracles/compare-tokenizers.mjs
#
# needs tokenizers 0.23.2 for folders with tokenizer.json, sentencepiece for those with tokenizer.model alone (pip install
# tokenizers==0.23.2 sentencepiece). Writes a line of JSON for each text: the file, the text, its ids and what they decode
# to, random ids and what they decode to at once and one by one, and whether the text has a character that is newer than
# the library's Unicode or this Python's. What a library does not offer is null.
import argparse
import functools
import json
import os
import random
import sys
import unicodedata

sys.path.pop(0)  # this folder, where the library's name is that of this file

SCRIPTS = [
    (0x20, 0x7F), (0x20, 0x7F), (0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700),
    (0x900, 0xE00), (0xE00, 0xF00), (0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2400), (0x2600, 0x2800),
    (0x3000, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xF900, 0xFB50), (0xFE00, 0x10000), (0x1F300, 0x1FA00),
    (0x20000, 0x20100), (0x0, 0x20), (0xE0000, 0xE01F0), (0x10000, 0x11000), (0x1D100, 0x1D800),
]
PARTS = [
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u200b", "\u200d", "\ufeff", "\u00ad", "▁", "##", "'s", "'RE",
    "don't", "123", "1,234.56", "0x1F", "e\u0301", "\u0301\u0316", "ﬁ", "½", "İ", "ß", "Σς", "ſ", "的", "日本語", "カナ", "한국",
    "ไทย", "हिन्दी", "😀", "👩\u200d💻", "🇩🇪", "\ufffd", "<s>", "</s>", "<unk>", "<|endoftext|>", "[CLS]", "[MASK]", "<0x41>", "http://a.b/c?d=e",
]


def random_text(rng, words):
    """A few parts: pieces of the vocabulary, odd ones, runs of one script, any characters."""
    out = []
    for _ in range(rng.randint(1, 8)):
        kind = rng.random()
        if kind < 0.35:
            out.append(rng.choice(words).replace("Ġ", " ").replace("▁", " "))
        elif kind < 0.65:
            out.append(rng.choice(PARTS) * rng.choice([1] * 12 + [2, 2, 5, 5, 100]))
        elif kind < 0.95:
            low, high = rng.choice(SCRIPTS)
            out.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randint(1, 12))))
        else:
            out.append(chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])))
        if rng.random() < 0.3:
            out.append(" ")
    return "".join(c for c in "".join(out) if not 0xD800 <= ord(c) < 0xE000)


@functools.cache
def is_newer(c):
    """Whether tokenizers (some of its parts know Unicode 8) or this Python does not know a character as the other does."""
    from tokenizers import normalizers, pre_tokenizers

    category = unicodedata.category(c)
    bert = functools.partial(normalizers.BertNormalizer, clean_text=False, handle_chinese_chars=False, lowercase=False)
    splits = len(pre_tokenizers.BertPreTokenizer().pre_tokenize_str(f"a{c}a")) > 1
    return (
        category == "Cn"
        or (category == "Mn") != (bert(strip_accents=True).normalize_str(c) == "")
        or (c.isspace() or category[0] == "P") != splits and not c.isascii()
        # Its combining class, beside the lowest and the highest, and its decomposition.
        or any(normalizers.NFKD().normalize_str(s) != unicodedata.normalize("NFKD", s) for s in (f"\u0345{c}", f"{c}\u0334"))
    )


def open_hugging_face(path):
    from tokenizers import Tokenizer
    from tokenizers.decoders import DecodeStream

    tokenizer = Tokenizer.from_file(path)

    def stream(ids):
        stream = DecodeStream(skip_special_tokens=False)
        try:
            return [stream.step(tokenizer, id) or "" for id in ids]
        except Exception:  # it gives up where a whole text does not begin as its parts do
            return None

    def run(text, ids_at_random):
        ids = tokenizer.encode(text).ids
        return {
            "ids": ids,
            "plainIds": tokenizer.encode(text, add_special_tokens=False).ids,
            "decoded": tokenizer.decode(ids, skip_special_tokens=False),
            "decodedPlain": tokenizer.decode(ids),
            "randomDecoded": tokenizer.decode(ids_at_random, skip_special_tokens=False),
            "randomDecodedPlain": tokenizer.decode(ids_at_random),
            "streamed": stream(ids_at_random),
        }

    return run, list(tokenizer.get_vocab()), tokenizer.get_vocab_size()


def open_sentencepiece(path):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=path)

    def run(text, ids_at_random):
        ids = processor.encode(text)
        return {"plainIds": ids, "decodedPlain": processor.decode(ids), "randomDecodedPlain": processor.decode(ids_at_random)}

    size = processor.get_piece_size()
    return run, [processor.id_to_piece(i) for i in range(size)], size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=1000, help="for each tokenizer")
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    for folder in args.folders:
        for name, opener in (("tokenizer.json", open_hugging_face), ("tokenizer.model", open_sentencepiece)):
            path = os.path.join(folder, name)
            if not os.path.exists(path):
                continue
            try:
                run, words, size = opener(path)
            except ImportError as missing:
                print(f"{path}: skipped, {missing}", file=sys.stderr)
                continue
            rng = random.Random(f"{args.seed} {os.path.basename(folder)} {name}")
            for _ in range(args.texts):
                text = random_text(rng, words)
                newer = any(map(is_newer, text))
                # The first ids are bytes in many vocabularies.
                ids = [rng.randrange(rng.choice([min(size, 300), size])) for _ in range(rng.randint(0, 30))]
                print(json.dumps({"file": path, "text": text, "newer": newer, "random": ids, **run(text, ids)}))


main()
