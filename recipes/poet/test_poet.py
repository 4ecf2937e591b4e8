"""Checks of the recipe that need neither corpus nor training: `python -m unittest test_poet`."""

from __future__ import annotations

import random
import tempfile
import unittest
from pathlib import Path

import jinja2
import sentencepiece
import torch
from sentencepiece import sentencepiece_model_pb2 as pb

import prompts
from data import answer, pack, structure_ids
from export import CHAT_TEMPLATE, deinterleave, interleave, load, write
from forms import clause_lengths, shi_form
from model import ModelConfig, Poet
from outline import outline
from prepare import break_lines, clean_title
from tokenizer import ASSISTANT, BOS, USER, Tokenizer, required_characters

POEM = {"kind": "shi", "form": "五言绝句", "title": "静夜思", "tune": "", "aliases": [], "author": "李白", "dynasty": "tang",
        "lines": ["床前明月光，疑是地上霜。", "举头望明月，低头思故乡。"]}
CHARACTERS = list(dict.fromkeys([*required_characters(), *"".join(POEM["lines"])]))


def tiny(vocab: int) -> Poet:
    torch.manual_seed(3)
    model = Poet(ModelConfig(vocab, 64, 96, 2, 4, 2, 32, 10000.0, 1e-5, 128))
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.2)
    return model


class Recipe(unittest.TestCase):
    def test_forms(self) -> None:
        self.assertEqual(shi_form("".join(POEM["lines"])), "五言绝句")
        self.assertEqual(clause_lengths("帘绣卷，黄菊两三窠。\n怅垂杨、几度飞绵。"), (3, 5, 3, 4))
        self.assertEqual(shi_form("天地玄黄，宇宙洪荒。"), "")

    def test_cleaning(self) -> None:
        self.assertEqual(clean_title("次韵烹茶四首 其二"), "次韵烹茶")
        self.assertEqual(clean_title("帝京篇十首 三"), "帝京篇")
        self.assertEqual(break_lines("甲乙，丙丁。戊己，庚辛。", "shi"), ["甲乙，丙丁。", "戊己，庚辛。"])

    def test_tokenizer_agrees_with_sentencepiece(self) -> None:
        tokenizer = Tokenizer(CHARACTERS)
        proto = pb.ModelProto()
        kinds = {1: 1, 2: 2, 3: 3, 6: 6}
        for piece, score, kind in zip(*tokenizer.pieces()):
            proto.pieces.add(piece=piece.decode(), score=score, type=kinds[kind])
        proto.trainer_spec.model_type = pb.TrainerSpec.BPE
        proto.trainer_spec.byte_fallback = True
        proto.normalizer_spec.name = "identity"
        proto.normalizer_spec.add_dummy_prefix = False
        proto.normalizer_spec.remove_extra_whitespaces = False
        peer = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
        for text in ("以《静夜思》为题写一首五言绝句", "a  b\n龘\U0001F319é", " 床前", "".join(POEM["lines"])):
            self.assertEqual(tokenizer.encode(text), peer.encode(text), text)
            self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)

    def test_chat_template_is_the_training_layout(self) -> None:
        tokenizer = Tokenizer(CHARACTERS)
        template = jinja2.Environment().from_string(CHAT_TEMPLATE)

        def render(messages: list[dict[str, str]]) -> str:
            return template.render(messages=messages, bos_token="<s>", add_generation_prompt=True)

        ask = {"role": "user", "content": " 静夜思 "}
        self.assertEqual(render([{"role": "system", "content": "x"}, ask]), "<s><|user|>静夜思<|assistant|>")
        reply = {"role": "assistant", "content": "床前"}
        self.assertEqual(render([ask, reply, ask, reply, ask]), "<s><|user|>静夜思<|assistant|>床前<|end|><|user|>静夜思<|assistant|>")
        self.assertEqual(tokenizer.prompt("静夜思"), [BOS, USER, *tokenizer.encode("静夜思"), ASSISTANT])

    def test_export_round_trip(self) -> None:
        weight = torch.arange(64 * 3).reshape(64, 3).numpy()
        self.assertTrue((deinterleave(interleave(weight, 2), 2) == weight).all())
        tokenizer = Tokenizer(CHARACTERS)
        model = tiny(tokenizer.size)
        with tempfile.TemporaryDirectory() as folder:
            write(model, tokenizer, Path(folder) / "tiny.gguf")
            again, same = load(Path(folder) / "tiny.gguf")
        self.assertEqual(same.characters, tokenizer.characters)
        for name, p in model.state_dict().items():
            # Q8_0 keeps each block of 32 to half a step of its largest weight over 127 (and a half-precision scale).
            self.assertLess((again.state_dict()[name] - p).abs().max(), p.abs().max() / 127)

    def test_outline(self) -> None:
        tokenizer = Tokenizer(CHARACTERS)
        marks = set(structure_ids(tokenizer))
        labels = outline(answer(tokenizer, POEM), marks)
        self.assertEqual(labels[:7], [(5, 5, 3), (4, 5, 3), (3, 5, 3), (2, 5, 3), (1, 5, 3), (0, 5, 3), (5, 5, 2)])
        self.assertEqual(labels[-1], (0, 0, 0))

    def test_packing_and_stepping_give_the_same_states(self) -> None:
        tokenizer = Tokenizer(CHARACTERS)
        rng = random.Random(5)
        documents = [(tokenizer.prompt(prompts.draw(POEM, rng, 16)), answer(tokenizer, POEM)) for _ in range(40)]
        batch = pack(iter(documents), 2, 128, [], set(structure_ids(tokenizer)))
        model = tiny(tokenizer.size)
        states = model.hidden(batch.tokens, batch.mask)
        start = next(i for i in range(1, 128) if batch.tokens[0, i] == BOS)
        end = next((i for i in range(start + 1, 128) if batch.tokens[0, i] == BOS), 128)
        if end - start > 64:
            end = start + 64
        alone = batch.tokens[:1, start:end]
        length = end - start
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        torch.testing.assert_close(model.hidden(alone, causal)[0], states[0, start:end], atol=2e-4, rtol=1e-3)
        logits, past = model.step(alone[:, :-1], 0, None, causal[:-1, :-1])
        logits, _ = model.step(alone[:, -1:], length - 1, past, None)
        torch.testing.assert_close(logits[0], states[0, end - 1] @ model.token_embd.weight.T, atol=2e-3, rtol=1e-3)

    def test_every_request_is_filled_in(self) -> None:
        ci = dict(POEM, kind="ci", form="词", title="", tune="浣溪沙", aliases=["浣溪沙"])
        for poem in (POEM, ci):
            for seed in range(500):
                self.assertNotRegex(prompts.draw(poem, random.Random(seed), 16), r"[{}]|《》")


if __name__ == "__main__":
    unittest.main()
