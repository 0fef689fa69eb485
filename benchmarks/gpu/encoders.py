"""Text networks of the published sizes with random weights: the real ones are too large to carry.

Belongs here: making such a folder, as the hub would have it. Does not belong here: learners that read it.
"""

from pathlib import Path
from typing import Any

SIZES: dict[str, dict[str, Any]] = {
    "MiniLM": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
    "mpnet": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
}
"""As `all-MiniLM-L6-v2` (Wang et al. 2020) and `all-mpnet-base-v2` (Song et al. 2020)."""
TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
VOCABULARY = 30_522
SPECIAL = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")
LONGEST = 514
"""Places the networks know, of which MPNet uses two for padding."""


def folder(parent: Path, size: str, words: int, *, quick: bool) -> str:
    """The path of a network of `size` and a tokenizer that knows the words w0, w1, …; `quick`: a tiny one instead."""
    made = parent / size
    if not made.exists():
        _network(size, quick=quick).save_pretrained(made)
        _tokenizer(words).save_pretrained(made)
    return str(made)


def _network(size: str, *, quick: bool) -> Any:
    from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

    config, model = (MPNetConfig, MPNetModel) if size == "mpnet" else (BertConfig, BertModel)
    shape = TINY if quick else SIZES[size]
    return model(
        config(
            **shape,
            vocab_size=VOCABULARY,
            max_position_embeddings=LONGEST,
            pad_token_id=SPECIAL.index("[PAD]"),
            bos_token_id=SPECIAL.index("[CLS]"),
            eos_token_id=SPECIAL.index("[SEP]"),
        )
    )


def _tokenizer(words: int) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import BertProcessing
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: code for code, word in enumerate([*SPECIAL, *(f"w{number}" for number in range(words))])}
    pieces = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    pieces.pre_tokenizer = Whitespace()
    pieces.post_processor = BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=pieces, **names)
