"""Takes the steps of an exported run with OLMo-core (ai2-olmo-core 2.5 or later, transformers).

    torchrun --nproc-per-node=8 train.py --save-folder OUT
    python train.py --save-folder OUT --steps 20        # one process, also on a CPU

The rows of every step stand in data/ in the order of the run, so nothing is shuffled; data/learned-*.npy says of each
token whether it is learned. Attention stays within a document where flash-attn is installed; without it, rows that several
documents share are refused unless --cross-documents is given.
"""

import argparse
import importlib.util
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

import torch
from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.distributed.utils import get_world_size
from olmo_core.nn.attention import AttentionBackendName
from olmo_core.nn.feed_forward import FeedForwardConfig
from olmo_core.nn.hf import load_hf_model
from olmo_core.nn.layer_norm import LayerNormType
from olmo_core.nn.transformer import TransformerBlockType, TransformerConfig
from olmo_core.optim import AdamWConfig, OptimGroupOverride
from olmo_core.optim.scheduler import Scheduler
from olmo_core.train import Duration, TrainerConfig, prepare_training_environment, teardown_training_environment
from olmo_core.train.callbacks import Callback, CheckpointerCallback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig

HERE = Path(__file__).parent
RUN = json.loads((HERE / "config.json").read_text())
MODEL, OPTIMIZER, DATA = RUN["model"], RUN["optimizer"], RUN["data"]


@Scheduler.register("exported")
@dataclass
class Exported(Scheduler):
    """The rate's factor at each step of the run."""

    rates: List[float] = field(default_factory=list)

    def get_lr(self, initial_lr, current, t_max):
        del t_max
        return initial_lr * self.rates[min(current, len(self.rates)) - 1]


@dataclass
class Losses(Callback):
    """Prints what each step found, a line of JSON."""

    def log_metrics(self, step, metrics):
        found = {name: value for name, value in metrics.items() if name.startswith(("train/CE loss", "optim/total grad norm"))}
        if found:
            print(json.dumps({"step": step, **found}), flush=True)


def model_config() -> TransformerConfig:
    kind = MODEL["type"]
    more = {}
    if kind == "qwen3":
        more = dict(qk_norm=True, use_head_qk_norm=True, layer_norm_name=LayerNormType.qwen_rms)
    elif kind == "olmo2":
        more = dict(qk_norm=True, block_name=TransformerBlockType.reordered_norm)
    return TransformerConfig.llama_like(
        d_model=MODEL["hiddenSize"],
        vocab_size=MODEL["vocabSize"],
        n_layers=MODEL["numLayers"],
        n_heads=MODEL["numHeads"],
        n_kv_heads=MODEL["numKvHeads"],
        head_dim=MODEL["headDim"],
        rope_theta=int(MODEL["ropeTheta"]),
        layer_norm_eps=MODEL["normEps"],
        feed_forward=FeedForwardConfig(hidden_size=MODEL["intermediateSize"], bias=False),
        tie_word_embeddings=MODEL["tiedEmbeddings"],
        attn_backend=AttentionBackendName.flash_2 if has_flash() else AttentionBackendName.torch,
        **more,
    )


def has_flash() -> bool:
    return torch.cuda.is_available() and importlib.util.find_spec("flash_attn") is not None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--save-folder", required=True)
    parser.add_argument("--steps", type=int, default=RUN["steps"])
    parser.add_argument("--cross-documents", action="store_true")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    asked = parser.parse_args()
    if DATA["sharedRows"] > 0 and not has_flash() and not asked.cross_documents:
        parser.error(f"{DATA['sharedRows']} rows hold several documents, and without flash-attn attention would cross them")

    length = RUN["sequenceLength"]
    train_module = TransformerTrainModuleConfig(
        rank_microbatch_size=RUN["microBatch"] * length,
        max_sequence_length=length,
        optim=AdamWConfig(
            lr=OPTIMIZER["lr"],
            betas=(OPTIMIZER["beta1"], OPTIMIZER["beta2"]),
            eps=OPTIMIZER["eps"],
            weight_decay=OPTIMIZER["weightDecay"],
            group_overrides=[OptimGroupOverride(params=["*norm.weight"], opts=dict(weight_decay=0.0))],
        ),
        max_grad_norm=OPTIMIZER["clip"] or None,
        z_loss_multiplier=OPTIMIZER["zLoss"] or None,
        scheduler=Exported(rates=RUN["rates"]),
        compile_model=torch.cuda.is_available(),
        dp_config=TransformerDataParallelConfig(
            name=DataParallelType.fsdp,
            param_dtype=DType.bfloat16 if asked.bf16 else DType.float32,
            reduce_dtype=DType.float32,
        )
        if get_world_size() > 1
        else None,
    ).build(model_config().build(init_device="meta"))

    state = train_module.model.state_dict()
    load_hf_model(HERE / "model", state)
    train_module.model.load_state_dict(state)

    dataset = NumpyFSLDatasetConfig(
        paths=[str(HERE / name) for name in DATA["tokens"]],
        label_mask_paths=[str(HERE / name) for name in DATA["learned"]],
        sequence_length=length,
        dtype=NumpyDatasetDType(DATA["dtype"]),
        generate_doc_lengths=has_flash(),
        tokenizer=TokenizerConfig(
            vocab_size=DATA["vocabSize"], eos_token_id=DATA["separator"], pad_token_id=DATA["separator"]
        ),
        work_dir=str(Path(asked.save_folder) / "data-cache"),
    ).build()
    loader = NumpyDataLoaderConfig(global_batch_size=RUN["batch"] * length, seed=RUN["seed"]).build(
        dataset, dp_process_group=train_module.dp_process_group
    )
    loader.shuffle = False

    trainer = (
        TrainerConfig(
            save_folder=asked.save_folder,
            save_overwrite=True,
            max_duration=Duration.steps(asked.steps),
            metrics_collect_interval=1,
        )
        .with_callback("losses", Losses())
        # Saving before the first step would have torch count a step of the optimiser that never was.
        .with_callback("checkpointer", CheckpointerCallback(save_interval=1000, pre_train_checkpoint=False))
        .build(train_module, loader)
    )
    trainer.fit()


if __name__ == "__main__":
    # torchrun tells each process its rank.
    prepare_training_environment(seed=RUN["seed"], backend="cpu:gloo,cuda:nccl" if "RANK" in os.environ else None)
    main()
    teardown_training_environment()
