"""Text networks made by others: loaded with their weights or without, and read with.

Belongs here: everything that learners on top of such a network share. Does not belong here: texts themselves
(`modeling.problems.text.texts`), or training any of it (`deep.text_encoder`). transformers belongs to the extra `text`
and is imported inside functions. A packaged name is never searched for at the hub.

What an untrained network answers to a text is memoised (`modeling.core.memoisation`).
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from modeling.core import memoisation
from modeling.core.compute import Compute
from modeling.core.learner import Hyperparameters, LearnerError

if TYPE_CHECKING:
    from tokenizers import BertWordPieceTokenizer
    from transformers import PreTrainedTokenizerBase

PACKAGED = ("all-MiniLM-L6-v2", "all-mpnet-base-v2")
MODEL = {"cpu": PACKAGED[0], "cuda": PACKAGED[1]}
LENGTH = {"cpu": 64, "cuda": 256}
BUCKET = {"cpu": 32, "cuda": 64}
"""By device: the default network, how many tokens of a text it reads, and how many texts of like length at once."""
TRAINING_BUCKET = {"cpu": 8, "cuda": 64}
"""As `BUCKET` while it learns: the texts of a batch are few, and not of like length."""
TINY: dict[str, Any] = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}
"""BERT-Tiny (Turc et al. 2019, arXiv:1908.08962), the network of `init: random`."""
VOCABULARY = 8000
DIVISIBLE = ("bert", "mpnet")
"""Networks, as transformers calls their types, whose last layers can work alone (`layers_above`)."""
CONFIGURATIONS, ADAPTER = ("config.json", "tokenizer_config.json"), "adapter_config.json"
RUNS_CODE = {"auto_map", "attn_implementation", "_attn_implementation", "experts_implementation", "quantization_config"}
"""Keys of transformers' files that name code, or packages that run some."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class LanguageHyperparameters(Hyperparameters):
    """`model`: a packaged name, a folder, or any name of an encoder at the Hugging Face hub; None: by device. `init`:
    its published weights; or `random`, a tiny BERT whose vocabulary is learned from the training texts. `max_length`:
    tokens read of a text; None: by device.
    """

    model: str | None = None
    init: Literal["pretrained", "random"] = "pretrained"
    max_length: int | None = Field(None, ge=4)

    def settled(self, compute: Compute) -> Self:
        """With every None of these filled in."""
        return self.model_copy(
            update={
                "model": self.model or MODEL[compute.device],
                "max_length": self.max_length or LENGTH[compute.device],
            }
        )

    def description(self, compute: Compute) -> str:
        """Network and length, and the device that decided them, for people."""
        network = self.model if self.init == "pretrained" else "BERT-Tiny from scratch"
        return f"{network}, {self.max_length} tokens a text: {compute.device} ({compute.reason})"


@dataclass(frozen=True)
class Encoder:
    """A network and how text becomes its input.

    Attributes
    ----------
    length: tokens read of a text. digest: of the weights as they were loaded, the tokenizer and the length; encoders
    with one digest answer alike.
    """

    network: Any
    tokenizer: Any
    length: int
    digest: str

    @classmethod
    def of(cls, network: nn.Module, tokenizer: "PreTrainedTokenizerBase", length: int) -> Self:
        """The network set to predict, with its digest."""
        vocabulary = sorted(tokenizer.get_vocab().items())
        digest = hashlib.sha256(f"{length} {vocabulary} {next(network.parameters()).device}".encode())
        for tensor in network.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
        return cls(network.eval(), tokenizer, length, digest.hexdigest())

    @classmethod
    def load(cls, folder: Path, length: int) -> Self:
        """What `save` wrote, or a folder as the hub has them."""
        return cls.of(*_pretrained(str(folder), offline=True), length)

    def save(self, folder: Path) -> None:
        """Weights as safetensors, and the tokenizer."""
        self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    @property
    def width(self) -> int:
        """How many numbers an embedding has."""
        return self.network.config.hidden_size

    @property
    def padding(self) -> int:
        """The token that fills up short texts."""
        return self.tokenizer.pad_token_id

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """int64 ``[n, longest]``, padded at the end; the longest has at most `length`."""
        settings: dict[str, Any] = {"truncation": True, "max_length": self.length, "padding": True}
        return self.tokenizer(list(texts), **settings, return_tensors="pt")["input_ids"]


def pooled(network: nn.Module, inputs: Tensor, mask: Tensor) -> Tensor:
    """The mean of the last layer over a text's tokens ``[n, width]`` (Reimers & Gurevych 2019).

    inputs: tokens ``[n, length]``, or `states` ``[n, length, width]`` for `layers_above`. mask: bool ``[n, length]``.
    """
    name = "inputs_embeds" if inputs.is_floating_point() else "input_ids"
    sizes = TRAINING_BUCKET if network.training else BUCKET
    order, means = [], []
    for index, length in _buckets(mask, sizes[mask.device.type]):
        part = mask[index, :length]
        states = network(**{name: inputs[index, :length]}, attention_mask=part.long()).last_hidden_state
        order.append(index)
        means.append((states * part[..., None]).sum(1) / part.sum(1, keepdim=True))
    return torch.cat(means)[torch.cat(order).argsort()]


def _buckets(mask: Tensor, size: int) -> Iterator[tuple[Tensor, int]]:
    """Texts of like length, by their places, and the longest of their lengths: most of a batch is padding otherwise."""
    length = mask.sum(1)
    for index in length.argsort().split(size):
        yield index, int(length[index[-1]])


def can_be_divided(encoder: Encoder, texts: int) -> bool:
    """Whether `layers_above` can work on the `states` of so many texts: in the network, and in memory."""
    size = texts * encoder.length * encoder.width * np.dtype(np.float32).itemsize
    return encoder.network.config.model_type in DIVISIBLE and size <= memoisation.BYTES


def layers_above(network: nn.Module, layers: int) -> nn.Module:
    """A copy of a `DIVISIBLE` network without its first `layers` layers, which takes their `states` for tokens."""
    above: Any = copy.deepcopy(network)
    above.embeddings, above.encoder.layer = _Given(), above.encoder.layer[layers:]
    return above


class _Given(nn.Module):
    """In the place of what embeds tokens."""

    def forward(self, inputs_embeds: Tensor, **_: Any) -> Tensor:
        return inputs_embeds


def states(encoder: Encoder, texts: Sequence[str], layers: int) -> tuple[Tensor, Tensor]:
    """What `layers` layers make of every token, memoised: float32 ``[n, longest, width]``, and where tokens are, bool
    ``[n, longest]``."""
    question = f"{encoder.digest} {layers} layers"
    found = memoisation.each(question, texts, lambda new: _states(encoder, new, layers))
    rows = [torch.from_numpy(row) for row in found]
    lengths = torch.tensor([len(row) for row in rows])
    padded = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return padded, torch.arange(padded.shape[1]) < lengths[:, None]


def _states(encoder: Encoder, texts: list[str], layers: int) -> list[np.ndarray]:
    tokens = encoder.tokens(texts).to(encoder.network.device)
    mask = tokens != encoder.padding
    found: list[np.ndarray] = [np.empty(0)] * len(texts)
    for index, length in _buckets(mask, BUCKET[mask.device.type]):
        part = mask[index, :length]
        with torch.inference_mode():
            answer = encoder.network(tokens[index, :length], attention_mask=part.long(), output_hidden_states=True)
        for place, states, known in zip(index.tolist(), answer.hidden_states[layers].float().cpu(), part, strict=True):
            found[place] = states[known].numpy().copy()
    return found


def embeddings(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """float32 ``[n, width]``, memoised."""
    return np.stack(memoisation.each(encoder.digest, texts, lambda new: _embedded(encoder, new)))


def _embedded(encoder: Encoder, texts: list[str]) -> np.ndarray:
    tokens = encoder.tokens(texts).to(encoder.network.device)
    with torch.inference_mode():
        return pooled(encoder.network, tokens, tokens != encoder.padding).float().cpu().numpy()


def opened(
    chosen: LanguageHyperparameters, weights: Callable[[str], Path], texts: Sequence[str], device: str
) -> Encoder:
    """The encoder that settled `hyperparameters` name, on `device`; `texts` teach a random one its vocabulary.

    Raises
    ------
    LearnerError: there is no such model, or it can't be loaded.
    """
    assert chosen.model and chosen.max_length, "settled before"
    if chosen.init == "random":
        network, tokenizer = _scratch(texts, chosen.max_length)
    elif chosen.model in PACKAGED:
        network, tokenizer = _pretrained(str(weights(chosen.model)), offline=True)
    else:
        network, tokenizer = _pretrained(chosen.model, offline=Path(chosen.model).is_dir())
    return Encoder.of(network.to(device), tokenizer, chosen.max_length)


def _pretrained(name: str, *, offline: bool) -> tuple[Any, "PreTrainedTokenizerBase"]:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    given: dict[str, Any] = {"local_files_only": offline, "trust_remote_code": False}
    try:
        if offline:
            _check_names_no_code(Path(name))
        network = AutoModel.from_pretrained(name, **given, dtype=torch.float32, use_safetensors=True)
        return network, AutoTokenizer.from_pretrained(name, **given)
    except (OSError, ValueError) as error:
        what = f"hyperparameter 'model': {name!r} can't be loaded ({str(error).splitlines()[0]})"
        raise LearnerError(f"{what}: name one of {', '.join(PACKAGED)}, a folder, or an encoder at the hub") from error


def _check_names_no_code(folder: Path) -> None:
    """A network's folder holds data. transformers would fetch and run what some keys name, or take the weights of a
    network elsewhere.

    Raises
    ------
    ValueError: there is such a key, or an adapter. OSError: a file is missing.
    """
    for file in CONFIGURATIONS:
        if found := RUNS_CODE & json.loads((folder / file).read_text(encoding="utf-8")).keys():
            raise ValueError(f"{file} has the key {min(found)!r}, which names code")
    if (folder / ADAPTER).exists():
        raise ValueError(f"{ADAPTER} names another network")


def _scratch(texts: Sequence[str], length: int) -> tuple[Any, "PreTrainedTokenizerBase"]:
    """A random network and a vocabulary of word pieces (Devlin et al. 2019)."""
    from tokenizers import Tokenizer
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces: Any = Tokenizer.from_str(_word_pieces(texts).to_str())
    pieces.post_processor = BertProcessing(*((name, pieces.token_to_id(name)) for name in ("[SEP]", "[CLS]")))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, **names)
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=max(length, 64), **TINY)
    return BertModel(config), tokenizer


def _word_pieces(texts: Sequence[str]) -> "BertWordPieceTokenizer":
    """Equal texts teach equal pieces. The library numbers letters in an order that changes from run to run and merges
    equally frequent pairs by number, so it is told the letters in theirs."""
    from tokenizers import BertWordPieceTokenizer

    learned = BertWordPieceTokenizer()
    letters = sorted({letter for text in texts for letter in learned.normalize(text) if not letter.isspace()})
    numbered = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    most = max(VOCABULARY, len(numbered))
    learned.train_from_iterator(
        texts, vocab_size=most, limit_alphabet=most, special_tokens=numbered, show_progress=False
    )
    known = learned.get_vocab()
    return BertWordPieceTokenizer({piece: number for number, piece in enumerate(sorted(known, key=known.__getitem__))})
