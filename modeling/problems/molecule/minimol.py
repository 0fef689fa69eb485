"""MiniMol, a molecule network made by others: what it reads of a molecule, and what it says of it.

Belongs here: the network's inputs and running it as it is. Does not belong here: other views of a molecule
(`modeling.problems.molecule.molecules`), or learners on top of it. RDKit and onnxruntime belong to the extra
`molecules` and are imported inside functions.

What it answers to a molecule is memoised (`modeling.core.memoisation`).

Source: Kläser et al. 2024, "MiniMol: A Parameter-Efficient Foundation Model for Molecular Learning", arXiv:2404.14986.
The inputs are those of graphium 2.4.7, which it was trained with: to half precision.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.linalg import eig

from modeling.core import memoisation
from modeling.problems.molecule.molecules import molecule

if TYPE_CHECKING:
    from rdkit.Chem import Mol

NAME = "minimol"
FILE = f"{NAME}.onnx"
DIGEST = "e6b8bea2fb9872ffcc9e1e228dc59e94b5b6e7907a3f42f59ae197bace25ef1d"
"""The sha256 of the one file that is read: a graph of operations, which a library in C++ follows."""
BATCH = 16
THREADS = 2
"""Whatever the machine has: sums are rounded by how they are shared among threads."""
# fmt: off
ELEMENTS = [
    "C", "N", "O", "S", "F", "Si", "P", "Cl", "Br", "Mg", "Na", "Ca", "Fe", "As", "Al",
    "I", "B", "V", "K", "Tl", "Yb", "Sb", "Sn", "Ag", "Pd", "Co", "Se", "Ti", "Zn", "H",
    "Li", "Ge", "Cu", "Au", "Ni", "Cd", "In", "Mn", "Zr", "Cr", "Pt", "Hg", "Pb",
]
# fmt: on
"""The elements it knows as such; all others by group and period."""
SHORT, LONG = (1, 2, *range(13, 19)), tuple(range(1, 19))
LONGEST = (1, 2, 3, *[19] * 14, *range(4, 19))
PERIODS = ((1, 18), SHORT, SHORT, LONG, LONG, LONGEST, LONGEST)
"""The group of every element, by period; 19 is none."""
PLACES = [(group - 1, period) for period, groups in enumerate(PERIODS) for group in groups]
MOST_BONDS = 7
BOND_TYPES = ("SINGLE", "DOUBLE", "TRIPLE", "AROMATIC")
STEREO = 6
"""Kinds of stereo of a bond, in RDKit's order, before the unknown."""
SHORTEST = 1e-4
WAVES, STEPS = 8, 16
"""Eigenvectors of the Laplacian, and steps of the random walk."""


@dataclass(frozen=True)
class MiniMol:
    """The network.

    Attributes
    ----------
    session: onnxruntime's, on a CPU. weights: the ONNX file's bytes. digest: their sha256.
    """

    session: Any = field(repr=False)
    weights: bytes = field(repr=False)
    digest: str

    @classmethod
    def load(cls, folder: Path) -> Self:
        """From a folder with the packaged weights, or one `save` wrote to.

        Raises
        ------
        ValueError: it holds another network.
        """
        import onnxruntime

        weights = (folder / FILE).read_bytes()
        if hashlib.sha256(weights).hexdigest() != DIGEST:
            raise ValueError(f"{folder / FILE} is not MiniMol v1")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        return cls(session, weights, DIGEST)

    def save(self, folder: Path) -> None:
        """The ONNX file, byte for byte as it was loaded."""
        (folder / FILE).write_bytes(self.weights)


def embeddings(network: MiniMol, texts: Sequence[str]) -> np.ndarray:
    """float32 ``[n, 512]`` of SMILES, memoised.

    Raises
    ------
    FeatureError: a text is no SMILES.
    """
    achiral = [_achiral(text) for text in texts]
    return np.stack(memoisation.each(network.digest, achiral, lambda new: _embedded(network, new)))


def _embedded(network: MiniMol, texts: list[str]) -> np.ndarray:
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    return np.concatenate([network.session.run(None, inputs(batch))[0] for batch in batches])


def _achiral(text: str) -> str:
    """The canonical SMILES without what the network can't see, so that mirror images are read once."""
    from rdkit import Chem

    found = molecule(text)
    for atom in found.GetAtoms():
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    return Chem.MolToSmiles(found)


def inputs(texts: Sequence[str]) -> dict[str, np.ndarray]:
    """What the network reads: the molecules as one graph in pieces.

    For its a atoms: `feat` ``[a, 85]``, `laplacian_eigvec` and `laplacian_eigval` ``[a, 8]``, `rw_return_probs`
    ``[a, 16]``, and `batch` ``[a]``, which molecule an atom belongs to. For its b bonds, each in both directions:
    `edge_index` ``[2, b]`` and `edge_feat` ``[b, 13]``. `graph_slots` ``[n]`` says by its length how many molecules
    there are.
    """
    found = [_ordered(molecule(text)) for text in texts]
    atoms = [one.GetNumAtoms() for one in found]
    first = np.cumsum([0, *atoms[:-1]])
    waves, lengths = zip(*(_waves(one) for one in found), strict=True)
    reals = {
        "feat": [_atoms(one) for one in found],
        "edge_feat": [_bonds(one) for one in found],
        "laplacian_eigvec": waves,
        "laplacian_eigval": lengths,
        "rw_return_probs": [_returns(one) for one in found],
    }
    return {name: np.concatenate(parts).astype(np.float16).astype(np.float32) for name, parts in reals.items()} | {
        "edge_index": np.hstack([_ends(one) + start for one, start in zip(found, first, strict=True)]),
        "batch": np.repeat(np.arange(len(found)), atoms),
        "graph_slots": np.zeros(len(found), np.float32),
    }


def _ordered(found: "Mol") -> "Mol":
    """With its atoms in canonical order: eigenvectors depend on it, and so the same molecule has the same ones."""
    from rdkit import Chem

    return Chem.RenumberAtoms(found, np.argsort(Chem.CanonicalRankAtoms(found)).tolist())


def _atoms(found: "Mol") -> np.ndarray:
    """``[atoms, 85]``: five numbers; then element, group, period and valence, one-hot."""
    atoms = list(found.GetAtoms())
    numbers = [
        (
            atom.GetTotalDegree() - 2,
            atom.GetFormalCharge(),
            atom.GetNumRadicalElectrons(),
            atom.GetIsAromatic(),
            atom.IsInRing(),
        )
        for atom in atoms
    ]
    codes = [
        (_element(atom.GetSymbol()), *PLACES[atom.GetAtomicNum() - 1], min(atom.GetTotalValence(), MOST_BONDS))
        for atom in atoms
    ]
    return np.hstack([numbers, _one_hot(codes, (len(ELEMENTS) + 1, 20, 8, MOST_BONDS + 1))])


@lru_cache
def _element(symbol: str) -> int:
    return ELEMENTS.index(symbol) if symbol in ELEMENTS else len(ELEMENTS)


def _bonds(found: "Mol") -> np.ndarray:
    """``[2 * bonds, 13]``: type and stereo, one-hot, and whether it is in a ring."""
    bonds = list(found.GetBonds())
    codes = [(_bond_type(bond.GetBondType().name), min(int(bond.GetStereo()), STEREO)) for bond in bonds]
    ring = np.array([bond.IsInRing() for bond in bonds]).reshape(-1, 1)
    return np.hstack([_one_hot(codes, (len(BOND_TYPES) + 1, STEREO + 1)), ring]).repeat(2, axis=0)


@lru_cache
def _bond_type(name: str) -> int:
    return BOND_TYPES.index(name) if name in BOND_TYPES else len(BOND_TYPES)


def _ends(found: "Mol") -> np.ndarray:
    """int64 ``[2, 2 * bonds]``: from, to."""
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in found.GetBonds()]
    both = np.array(ends, dtype=np.int64).reshape(-1, 2)
    return np.stack([both, both[:, ::-1]], axis=1).reshape(-1, 2).T


def _one_hot(codes: list[tuple[int, ...]], sizes: tuple[int, ...]) -> np.ndarray:
    """``[n, sum of sizes]`` of codes ``[n, len(sizes)]``."""
    columns = np.array(codes, dtype=int).reshape(-1, len(sizes)) + np.cumsum((0, *sizes[:-1]))
    made = np.zeros((len(columns), sum(sizes)))
    np.put_along_axis(made, columns, 1, axis=1)
    return made


def _waves(found: "Mol") -> tuple[np.ndarray, np.ndarray]:
    """The first eigenvectors of each piece's Laplacian, and their eigenvalues at each of its atoms, both
    ``[atoms, WAVES]``; 0 where a piece has fewer.

    Eigenvectors are unique up to their sign, and not even that where eigenvalues are equal: the network takes those of
    LAPACK's general solver, which may be complex there, divided by the root of the sum of squares.
    """
    from rdkit import Chem

    joined = Chem.GetAdjacencyMatrix(found).astype(float)
    laplacian = np.diag(joined.sum(axis=1)) - joined
    vectors, values = np.zeros((2, len(joined), WAVES))
    for piece in map(list, Chem.GetMolFrags(found)):
        solved: Any = eig(laplacian[np.ix_(piece, piece)])
        value, vector = solved
        vector /= np.maximum(np.sqrt((vector**2).sum(axis=0)), SHORTEST)
        lowest = value.argsort()[:WAVES]
        values[piece, : len(lowest)] = value[lowest].real
        vectors[piece, : len(lowest)] = vector[:, lowest].real
    return vectors, values


def _returns(found: "Mol") -> np.ndarray:
    """``[atoms, STEPS]``: how likely a random walk is back after 1, 2, … steps; 1 for an atom alone."""
    from rdkit import Chem

    joined = Chem.GetAdjacencyMatrix(found).astype(float)
    if len(joined) == 1:
        return np.ones((1, STEPS))
    step = joined / np.maximum(joined.sum(axis=1, keepdims=True), 1)
    walk, back = np.eye(len(joined)), []
    for _ in range(STEPS):
        walk = walk @ step
        back.append(walk.diagonal())
    return np.stack(back, axis=1)
