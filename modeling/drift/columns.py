"""Column by column: how far a delivery lies from the reference, and how far chance alone would put it.

Belongs here: effects, and what they stay below where nothing changed. Does not belong here: cells and distances
(`cells`), or what is done about an effect (`comparison`).
"""

import numpy as np

from modeling.core.intervals import clusters
from modeling.drift.cells import MISSING, Cells, effect, missing
from modeling.drift.record import Column
from modeling.drift.reference import Reference

DRAWS, MARGIN = 300, 1.3
"""Chance: the largest effect between so many pairs of samples drawn from the reference, times a margin. The largest of
300 is some three deviations of a shift of the column; with the margin four, which one column in 10,000 passes."""
_LEAST = 1e-4
"""Share below which a group counts as so much in the stability index."""


def columns(reference: Reference, codes: np.ndarray, cluster: np.ndarray, bounds: dict[str, float]) -> list[Column]:
    """Every column of the reference, by the `codes` ``[n, columns]`` and `cluster` ``[n]`` of delivered rows.

    `bounds`: column -> the effect from which on it has drifted, if that is more than chance. Of the label only what is
    there is compared.

    Chance draws whole clusters, as many as were delivered and as many as the reference has (Davison & Hinkley 1997,
    3.8): the rows of one day or patient are alike, and one day of them is little evidence.
    """
    profile = reference.profile
    drawn = _drawn(reference.cluster, len(np.unique(cluster)))
    found = []
    for place, (name, of) in enumerate(profile.cells.items()):
        before, now = reference.codes[:, place], codes[:, place]
        if name == profile.label:
            now = now[now != MISSING]
        chance = _chance(of, before, drawn, only_present=name == profile.label)
        found.append(_column(name, of, _counts(before, of.size), _counts(now, of.size), chance, bounds[name]))
    return found


def _column(name: str, of: Cells, before: np.ndarray, now: np.ndarray, chance: float, bound: float) -> Column:
    size = float(effect(of, before, now))
    groups, group = of.groups()
    shares = [
        np.bincount([0, *(group + 1)], counts, len(groups) + 1) / max(counts.sum(), 1) for counts in (before, now)
    ]
    return Column(
        name=name,
        kind=of.kind,
        effect=size,
        chance=chance,
        drifted=size > max(bound, chance),
        missing=float(missing(now)),
        missing_before=float(missing(before)),
        unseen=float(now[of.unseen].sum() / max(now.sum(), 1)),
        stability=_stability(*shares),
        groups=["missing", *groups],
        before=shares[0].tolist(),
        now=shares[1].tolist(),
    )


def _stability(before: np.ndarray, now: np.ndarray) -> float:
    before, now = np.maximum(before, _LEAST), np.maximum(now, _LEAST)
    return float(((now - before) * np.log(now / before)).sum())


def _drawn(cluster: np.ndarray, delivered: int) -> tuple[np.ndarray, np.ndarray]:
    """How often ``[draws, n]`` each reference row is drawn with its cluster, or alone where there is only one: as a
    reference, as a delivery."""
    place = clusters(len(cluster), cluster if len(np.unique(cluster)) > 1 else None)
    count = int(place.max()) + 1
    rng = np.random.default_rng(0)

    def times(size: int) -> np.ndarray:
        draws = rng.integers(count, size=(DRAWS, size))
        return np.stack([np.bincount(draw, minlength=count)[place] for draw in draws])

    return times(count), times(delivered)


def _chance(of: Cells, codes: np.ndarray, drawn: tuple[np.ndarray, np.ndarray], *, only_present: bool) -> float:
    """What the effect stays below where both samples come from the reference."""
    before, now = (np.stack([_counts(codes, of.size, times) for times in sample]) for sample in drawn)
    if only_present:
        before[:, MISSING] = now[:, MISSING] = 0
    effects = effect(of, before, now)
    return MARGIN * float(effects.max())


def _counts(codes: np.ndarray, size: int, times: np.ndarray | None = None) -> np.ndarray:
    """float64 ``[size]``: rows in each cell."""
    return np.bincount(codes, times, size).astype(float)
