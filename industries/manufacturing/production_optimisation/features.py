"""What a chemist sees in an additive.

Belongs here: numbers about one reaction, from its SMILES. Does not belong here: the meaning of the columns for learning
(`use_case.yaml`), or anything fitted.

The additives are isoxazoles. What one never tried does to the reaction hangs on its ring: how rich in electrons each
atom is, and which carbon atoms carry something that is in the way.
"""

import polars as pl

RING = "o1nccc1"
ATOMS = ("O1", "N2", "C3", "C4", "C5")


def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The electrotopological state of each ring atom (Kier and Hall 1990), and the bonds of each carbon atom; null
    where the additive has no isoxazole ring."""
    schema = {**{f"state_{atom}": pl.Float64 for atom in ATOMS}, **{f"bonds_{atom}": pl.Float64 for atom in ATOMS[2:]}}
    described = pl.col("Additive").map_elements(_ring, return_dtype=pl.Struct(schema))
    return frame.with_columns(described.alias("ring")).unnest("ring")


def _ring(smiles: str) -> dict[str, float] | None:
    from rdkit import Chem
    from rdkit.Chem.EState import EStateIndices

    molecule = Chem.MolFromSmiles(smiles)
    ring = molecule.GetSubstructMatch(Chem.MolFromSmarts(RING))
    if not ring:
        return None
    states = EStateIndices(molecule)
    at = dict(zip(ATOMS, ring, strict=True))
    bonds = {f"bonds_{atom}": float(molecule.GetAtomWithIdx(at[atom]).GetDegree()) for atom in ATOMS[2:]}
    return {f"state_{atom}": float(states[index]) for atom, index in at.items()} | bonds
