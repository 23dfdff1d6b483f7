"""Where public data is looked for, and how a benchmark's table is printed."""

from pathlib import Path

import pytest

from detectors.core.errors import ConfigError
from stream.bench.public import data_directory, table, versions


def test_data_lies_in_the_directory_that_is_given_or_in_one_of_its_name_there(
    tmp_path: Path,
) -> None:
    assert data_directory("nab", str(tmp_path)) == tmp_path
    (tmp_path / "nab").mkdir()
    assert data_directory("nab", str(tmp_path)) == tmp_path / "nab"
    assert data_directory("nab", str(tmp_path / "nab")) == tmp_path / "nab"


def test_without_one_it_lies_under_the_directory_of_all_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match="name the directory of nab with --data"):
        data_directory("nab", None)
    (tmp_path / "nab").mkdir()
    assert data_directory("nab", None) == tmp_path / "nab"


def test_a_package_that_is_not_there_is_said_to_be_absent() -> None:
    assert versions("weir-of-nobody").endswith("weir-of-nobody absent")


def test_what_has_no_figure_is_an_empty_cell() -> None:
    lines = table(["", "a", "b"], {"one": [0.5, None]}, digits=2).splitlines()
    assert lines[-1] == "| one | 0.50 |  |"
