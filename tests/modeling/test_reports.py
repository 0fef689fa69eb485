from . import evaluation_records as records


def test_x():
    assert records.binary()
