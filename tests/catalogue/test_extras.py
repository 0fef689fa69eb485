"""The optional parts of the installation, as the installed distribution declares them."""

from importlib import metadata

import pytest

from catalogue import extras


def test_an_extra_requires_what_the_distribution_says_and_no_more():
    names = {one.name for one in extras.requirements("dev")}
    assert {"pytest", "ruff"} <= names
    assert not names & {"polars", "nvidia-ml-py"}


def test_an_unknown_extra_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"sectorforge has no extra 'gpus'; known: .*\bgpu, dev"):
        extras.requirements("gpus")


def test_missing_is_what_is_not_installed_or_of_another_version(monkeypatch):
    versions = extras.versions("dev")
    monkeypatch.setattr(metadata, "version", lambda name: str(versions[name]))
    versions |= dict.fromkeys(versions, "999")
    versions["dagster-dg-cli"] = "1.13.27+local"
    assert extras.missing("dev") == []
    versions |= {"dagster-dg-cli": "1.13.26", "ruff": "0.1"}
    assert set(extras.missing("dev")) == {"dagster-dg-cli", "ruff"}


def test_what_is_not_installed_has_no_version(monkeypatch):
    installed = metadata.version

    def without_ruff(name: str) -> str:
        if name == "ruff":
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", without_ruff)
    assert extras.versions("dev")["pytest"] == pytest.__version__
    assert extras.versions("dev")["ruff"] is None
    assert extras.missing("dev") == ["ruff"]


def test_one_command_installs_several_extras():
    assert extras.install_command(["vision", "text", "text"]) == "pip install 'sectorforge[text,vision]'"
