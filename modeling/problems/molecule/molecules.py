"""What is known of a molecule from its SMILES: ring system, fingerprint, descriptors, graph, fragments, picture.

Belongs here: what splitting, learning and reporting need of molecules. Does not belong here: learners, or checking
SMILES (the contract). RDKit belongs to the extra `molecules` and is imported inside functions.
"""

import base64
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from modeling.core import memoisation
from modeling.core.features import FeatureError
from modeling.core.table import Table

if TYPE_CHECKING:
    from rdkit.Chem import Mol

BITS, RADIUS = 2048, 2
ATOM_SIZES = (120, 8, 8, 6, 10, 2, 2)
"""How many codes each property of an atom has, as `graph` lists them."""
BOND_KINDS = 21
Encoder = Callable[[str], np.ndarray]
"""SMILES -> numbers of a fixed width."""
REMEMBERED = 20_000


def smiles(table: Table) -> list[str]:
    """Every row's SMILES; the molecule is the last column of content (`catalogue.definition.Columns.content`).

    Raises
    ------
    FeatureError: the rows hold no text, or a gap.
    """
    column = table.content.to_series(-1) if table.content.width else pl.Series("molecule", [], dtype=pl.Null)
    if column.dtype != pl.String or column.has_nulls():
        raise FeatureError(
            f"column {column.name!r} holds {column.dtype} and {column.null_count():,} gaps instead of SMILES; "
            "name the column as `columns: {molecule: …}` and quarantine gaps in the contract"
        )
    return column.to_list()


def molecule(text: str) -> "Mol":
    """RDKit's molecule.

    Raises
    ------
    FeatureError: the text is no SMILES, or breaks the rules of valence.
    """
    from rdkit import Chem

    found = Chem.MolFromSmiles(text)
    if found is None:
        raise FeatureError(f"{text!r} is no SMILES of a molecule: quarantine it in the contract")
    return found


def identities(column: pl.Series) -> pl.Series:
    """What the salts, charges, isotopes, tautomers and stereoisomers of one molecule share ``[n]``.

    Formula and heavy-atom graph of the parent: the layers of InChI that say neither where bonds are double nor where
    hydrogens sit (Heller et al. 2015). No tautomers are enumerated: that takes seconds for some molecules. So isomers
    that differ in where a double bond lies count as one molecule, too.
    """
    return pl.Series("identity", [_identity(text) for text in column], dtype=pl.String)


@lru_cache(REMEMBERED)
def _identity(text: str) -> str:
    from rdkit.Chem.rdMolHash import HashFunction, MolHash

    found = parent(text)
    return f"{MolHash(found, HashFunction.MolFormula)} {MolHash(found, HashFunction.ElementGraph)}"


def parent(text: str) -> "Mol":
    """The molecule without counter-ions and solvents, uncharged, without isotopes and stereo.

    Source: the steps of RDKit's MolStandardize: metals disconnected, functional groups normalised, the largest fragment
    chosen, charges neutralised.

    Raises
    ------
    FeatureError: as `molecule`.
    """
    from rdkit import Chem, rdBase

    found = molecule(text)
    with rdBase.BlockLogs():
        for step in _standardisation():
            found = step(found)
    for atom in found.GetAtoms():
        atom.SetIsotope(0)
    found = Chem.RemoveHs(found)
    Chem.RemoveStereochemistry(found)
    return found


@lru_cache(1)
def _standardisation() -> tuple[Callable[["Mol"], "Mol"], ...]:
    from rdkit.Chem.MolStandardize import rdMolStandardize as standard

    return (
        standard.MetalDisconnector().Disconnect,
        standard.Normalizer().normalize,
        standard.LargestFragmentChooser().choose,
        standard.Uncharger().uncharge,
    )


def scaffolds(column: pl.Series) -> pl.Series:
    """The Bemis-Murcko scaffold of each molecule's `parent` ``[n]``; molecules without a ring are their own.

    Forms of one molecule (`identities`) have one scaffold, that of the first of them in alphabetical order: a tautomer
    may have another ring system.

    Source: Bemis & Murcko 1996, "The properties of known drugs. 1. Molecular frameworks".
    """
    forms = pl.DataFrame({"text": column.cast(pl.String), "identity": identities(column)})
    first = forms.select(pl.col("text").min().over("identity"))["text"]
    return pl.Series("scaffold", [_scaffold(text) for text in first], dtype=pl.String)


@lru_cache(REMEMBERED)
def _scaffold(text: str) -> str:
    from rdkit import Chem
    from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

    found = parent(text)
    return Chem.MolToSmiles(GetScaffoldForMol(found)) or Chem.MolToSmiles(found)


@lru_cache(1)
def _morgan() -> Any:
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    return GetMorganGenerator(radius=RADIUS, fpSize=BITS)


def fingerprint(text: str) -> np.ndarray:
    """uint8 ``[BITS]``: how often each circular fragment occurs (Morgan fingerprint; Rogers & Hahn 2010)."""
    return _morgan().GetCountFingerprintAsNumPy(molecule(text)).clip(max=255).astype(np.uint8)


def descriptors(text: str) -> np.ndarray:
    """float32 ``[d]``: size, polarity, lipophilicity (Wildman & Crippen 1999), surface by charge and refractivity
    (Labute 2000) and counts of atoms, bonds and rings (molecular quantum numbers; Nguyen et al. 2009)."""
    from rdkit.Chem import rdMolDescriptors as rd

    found = molecule(text)
    scalars = [
        rd.CalcTPSA(found),
        *rd.CalcCrippenDescriptors(found),
        rd.CalcLabuteASA(found),
        rd.CalcFractionCSP3(found),
        rd.CalcExactMolWt(found),
        rd.CalcNumHBD(found),
    ]
    spread = [*rd.PEOE_VSA_(found), *rd.SMR_VSA_(found), *rd.SlogP_VSA_(found), *rd.MQNs_(found)]
    return np.nan_to_num(np.array([*scalars, *spread], dtype=np.float32))


@dataclass(frozen=True)
class Graph:
    """Atoms int16 ``[atoms, properties]``, and bonds int16 ``[2 * bonds, 3]``: from, to, kind; each in both directions.

    No code is 0 for an atom's element or a bond's kind: 0 pads.
    """

    atoms: np.ndarray
    bonds: np.ndarray

    @property
    def nbytes(self) -> int:
        """Size in bytes, by which the cache is bounded."""
        return self.atoms.nbytes + self.bonds.nbytes


def graph(text: str) -> Graph:
    """The molecule as a graph without hydrogens."""
    found = molecule(text)
    atoms = [
        (
            min(atom.GetAtomicNum(), 118) + 1,
            min(atom.GetDegree(), 7),
            int(np.clip(atom.GetFormalCharge(), -3, 4)) + 3,
            min(atom.GetTotalNumHs(), 5),
            min(int(atom.GetHybridization()), 9),
            int(atom.GetIsAromatic()),
            int(atom.IsInRing()),
        )
        for atom in found.GetAtoms()
    ]
    bonds = [
        (ends[0], ends[1], _kind(bond))
        for bond in found.GetBonds()
        for ends in ((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()), (bond.GetEndAtomIdx(), bond.GetBeginAtomIdx()))
    ]
    return Graph(np.array(atoms, dtype=np.int16), np.array(bonds, dtype=np.int16).reshape(-1, 3))


def _kind(bond: Any) -> int:
    """1 … 20: single, double, triple, aromatic or other; in a ring or not; conjugated or not."""
    order = {1.0: 0, 2.0: 1, 3.0: 2, 1.5: 3}.get(bond.GetBondTypeAsDouble(), 4)
    return 1 + order * 4 + 2 * bond.IsInRing() + bond.GetIsConjugated()


def graphs(texts: Sequence[str]) -> list[Graph]:
    """The `graph` of each SMILES, memoised."""
    return memoisation.each("graph", texts, lambda new: [graph(text) for text in new])


def stacked(of: Encoder, texts: Sequence[str]) -> np.ndarray:
    """``[n, width]``: what `of` says about each SMILES, memoised."""
    return np.stack(memoisation.each(of.__name__, texts, lambda new: [of(text) for text in new]))


def nearest(texts: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """``[n]``: the largest Tanimoto similarity of each molecule's fragments to those of any other, 0 to 1."""
    one, other = ((stacked(fingerprint, some) > 0).astype(np.float32) for some in (texts, others))
    shared = one @ other.T
    either = one.sum(axis=1)[:, None] + other.sum(axis=1) - shared
    return (shared / np.maximum(either, 1)).max(axis=1)


def picture(text: str, side: int) -> str:
    """The structure as a square PNG, in base64."""
    from rdkit.Chem.Draw.rdMolDraw2D import MolDraw2DCairo, PrepareAndDrawMolecule

    canvas = MolDraw2DCairo(side, side)
    PrepareAndDrawMolecule(canvas, molecule(text))
    canvas.FinishDrawing()
    return base64.b64encode(canvas.GetDrawingText()).decode()


@dataclass(frozen=True)
class FragmentOccluder:
    """Takes a molecule apart where a chemist would make it from parts (BRICS; Degen et al. 2008)."""

    column: str

    def parts(self, value: str) -> list[str]:
        """The fragments' SMILES; empty where the molecule is one piece."""
        from rdkit import Chem

        found = molecule(value)
        pieces = _pieces(found)
        return [Chem.MolFragmentToSmiles(found, atoms) for atoms in pieces] if len(pieces) > 1 else []

    def without(self, value: str, dropped: Collection[int]) -> str:
        """The rest of the molecule, hydrogens where fragments were."""
        from rdkit import Chem

        found = molecule(value)
        dropped_atoms = {atom for number, atoms in enumerate(_pieces(found)) if number in dropped for atom in atoms}
        cut = [
            bond.GetIdx()
            for bond in found.GetBonds()
            if (bond.GetBeginAtomIdx() in dropped_atoms) != (bond.GetEndAtomIdx() in dropped_atoms)
        ]
        split = Chem.RWMol(Chem.FragmentOnBonds(found, cut)) if cut else Chem.RWMol(found)
        for atom in list(split.GetAtoms())[found.GetNumAtoms() :]:
            atom.SetAtomicNum(1)
            atom.SetIsotope(0)
        kept = [atoms for atoms in Chem.GetMolFrags(split) if atoms[0] not in dropped_atoms]
        rest = Chem.MolFromSmiles(".".join(Chem.MolFragmentToSmiles(split, atoms) for atoms in kept))
        return Chem.MolToSmiles(rest) if rest else value


def _pieces(found: "Mol") -> list[tuple[int, ...]]:
    """The atoms of each fragment."""
    from rdkit import Chem
    from rdkit.Chem.BRICS import FindBRICSBonds

    cut = [found.GetBondBetweenAtoms(*ends).GetIdx() for ends, _ in FindBRICSBonds(found)]
    return list(Chem.GetMolFrags(Chem.FragmentOnBonds(found, cut, addDummies=False) if cut else found))
