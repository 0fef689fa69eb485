"""What only one task shows becomes sections: every kind of exhibit, said in words too, labelled when it is not real."""

from modeling.core.record import (
    Band,
    Chapter,
    Estimates,
    Evaluation,
    Interval,
    Line,
    LineChart,
    Listing,
    Picture,
    Pictures,
    Roads,
)
from modeling.reports import use_case
from modeling.reports.exhibits import lines

from .. import evaluation_records as records

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
EXHIBITS = [
    LineChart(
        title="Forecast of detector 7",
        caption="Shaded: nine in ten.",
        x_title="hour",
        y_title="vehicles",
        lines={"seen": Line(x=["2024-05-01T00:00", "2024-05-01T01:00"], y=[40.0, None])},
        bands={"seen": Band(x=["2024-05-01T00:00", "2024-05-01T01:00"], low=[30, 31], high=[50, 52])},
    ),
    Estimates(
        title="By length",
        caption="Long ones are easier.",
        x_title="accuracy",
        estimates={"short": Interval(value=0.8, low=0.75, high=0.85), "long": Interval(value=0.9)},
        reference=0.85,
    ),
    Listing(title="Ranked", columns={"title": ["Heat <1995>", None], "score": [0.51234, 0.4], "rank": [1, 2000]}),
    Pictures(
        title="Missed",
        caption="Where it looks.",
        pictures=[Picture(png=PIXEL, caption="cell 3", text="a cell with a crack")],
    ),
    Roads(title="A trip", caption="Thick: the best.", layers={"roads": [(0, 0, 10, 5)], "best": [(0, 0, 10, 5)]}),
]


def judged(evidence: str = "real", **changes: object) -> Evaluation:
    chapter = Chapter(title="What it sees & does", reading="Look.", term="Computed so.", exhibits=list(EXHIBITS))
    return records.binary().model_copy(update={"chapters": [chapter], "evidence": evidence, **changes})


def test_every_kind_of_exhibit_is_in_both_forms() -> None:
    page = use_case.render(judged())
    for said in ("Forecast of detector 7", "By length", "Ranked", "Missed", "Where it looks.", "A trip"):
        assert said in page.html and said in page.markdown
    assert "Shaded: nine in ten." in page.html
    assert 'id="what-it-sees-does"' in page.html and "What it sees &amp; does" in page.html
    assert "seen ends at 40" in page.markdown and "short 0.80 (0.75 to 0.85)" in page.markdown
    assert "| 2,000 |" in page.markdown and "Heat \\<1995\\>" in page.markdown
    assert f'src="data:image/png;base64,{PIXEL}" alt="a cell with a crack"' in page.html


def test_pictures_and_figures_of_a_simulation_say_so() -> None:
    page, real = use_case.render(judged("simulated")), use_case.render(judged())
    assert 'SIMULATED DATA</span></p>\n<div class="thumbnails">' in page.html
    assert page.html.count("SIMULATED DATA") > 4 and "SIMULATED DATA" not in real.html


def test_what_a_task_has_no_use_for_is_left_out_beside_its_chapters() -> None:
    bare = {"curves": {}, "calibration": None, "decision": None, "confusion": None, "explanation": None, "slices": []}
    page = use_case.render(judged(**bare))
    assert "Calibration: not measured" not in page.html and "What the champion relies on" not in page.html
    assert "What it sees" in page.markdown


def test_moments_and_numbers_have_their_own_axis() -> None:
    moments = EXHIBITS[0]
    numbers = moments.model_copy(update={"lines": {"a": Line(x=[1, 2], y=[1, 2])}, "bands": {}})
    assert '"temporal"' in lines(moments).to_json() and '"temporal"' not in lines(numbers).to_json()
