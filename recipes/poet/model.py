"""A Llama-shaped decoder in plain PyTorch: RMSNorm, RoPE by halves, grouped queries, SwiGLU, tied embeddings.

No deviation from Llama, so that any engine that runs a Llama GGUF runs it; only the sizes are small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class ModelConfig:
    vocabSize: int
    hiddenSize: int
    intermediateSize: int
    numLayers: int
    numHeads: int
    numKvHeads: int
    headDim: int
    ropeTheta: float
    normEps: float
    contextLength: int


class RmsNorm(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        x32 = x.float()
        return x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rope_tables(config: ModelConfig, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each [length, headDim], angles repeated over both halves."""
    inverse = config.ropeTheta ** (-torch.arange(0, config.headDim, 2).float() / config.headDim)
    angles = torch.outer(torch.arange(length).float(), inverse)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE with pairs (i, i + headDim/2). x: [batch, heads, tokens, headDim]."""
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin


class Block(nn.Module):
    def __init__(self, c: ModelConfig) -> None:
        super().__init__()
        self.c = c
        q, kv = c.numHeads * c.headDim, c.numKvHeads * c.headDim
        self.attn_norm = RmsNorm(c.hiddenSize, c.normEps)
        self.attn_q = nn.Linear(c.hiddenSize, q, bias=False)
        self.attn_k = nn.Linear(c.hiddenSize, kv, bias=False)
        self.attn_v = nn.Linear(c.hiddenSize, kv, bias=False)
        self.attn_output = nn.Linear(q, c.hiddenSize, bias=False)
        self.ffn_norm = RmsNorm(c.hiddenSize, c.normEps)
        self.ffn_gate = nn.Linear(c.hiddenSize, c.intermediateSize, bias=False)
        self.ffn_up = nn.Linear(c.hiddenSize, c.intermediateSize, bias=False)
        self.ffn_down = nn.Linear(c.intermediateSize, c.hiddenSize, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None,
                past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        b, t, _ = x.shape
        c = self.c
        h = self.attn_norm(x)
        q = rotate(self.attn_q(h).view(b, t, c.numHeads, c.headDim).transpose(1, 2), cos, sin)
        k = rotate(self.attn_k(h).view(b, t, c.numKvHeads, c.headDim).transpose(1, 2), cos, sin)
        v = self.attn_v(h).view(b, t, c.numKvHeads, c.headDim).transpose(1, 2)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        present = (k, v)
        group = c.numHeads // c.numKvHeads
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        a = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, attn_mask=mask)
        x = x + self.attn_output(a.transpose(1, 2).reshape(b, t, -1))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h)), present


class Poet(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocabSize, config.hiddenSize)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.numLayers))
        self.output_norm = RmsNorm(config.hiddenSize, config.normEps)
        cos, sin = rope_tables(config, config.contextLength)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.initialise()

    def initialise(self) -> None:
        """Small normal weights; the projections back into the residual stream start at zero."""
        nn.init.normal_(self.token_embd.weight, std=0.05)
        for name, p in self.named_parameters():
            if p.ndim == 2 and "token_embd" not in name:
                zero = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.zeros_(p) if zero else nn.init.normal_(p, std=p.shape[1] ** -0.5)

    def hidden(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """Final normalised states [batch, tokens, hiddenSize]; mask is True where attention is allowed."""
        t = tokens.shape[1]
        x = self.token_embd(tokens)
        for block in self.blk:
            x, _ = block(x, self.cos[:t], self.sin[:t], mask, None)
        return self.output_norm(x)

    def loss(self, tokens: Tensor, mask: Tensor, where: Tensor, targets: Tensor, weights: Tensor,
             structure: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted means over the flat positions `where`, nats a token: the cross-entropy, and that of the coarser
        question whether a mark, line break or end (the ids in `structure`) comes next; and the states there."""
        h = self.hidden(tokens, mask).flatten(0, 1)[where]
        logs = F.log_softmax(F.linear(h, self.token_embd.weight).float(), dim=-1)
        each = -logs.gather(1, targets[:, None])[:, 0]
        mass = logs[:, structure].exp().sum(-1).clamp(1e-6, 1 - 1e-6)
        is_structure = (targets[:, None] == structure).any(-1)
        coarse = -torch.where(is_structure, mass, 1 - mass).log()
        total = weights.sum()
        return (each * weights).sum() / total, (coarse * weights).sum() / total, h

    def step(self, tokens: Tensor, start: int, past: list | None, mask: Tensor | None) -> tuple[Tensor, list]:
        """Logits of the last position [batch, vocab] and the grown cache, for sampling from `start` on."""
        t = tokens.shape[1]
        x = self.token_embd(tokens)
        presents = []
        for i, block in enumerate(self.blk):
            x, present = block(x, self.cos[start:start + t], self.sin[start:start + t], mask, past[i] if past else None)
            presents.append(present)
        return F.linear(self.output_norm(x[:, -1]), self.token_embd.weight), presents
