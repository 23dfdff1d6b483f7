import inspect
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from msgspec import Meta

from detectors import CATALOG
from detectors.core.detector import Detector
from detectors.core.errors import ConfigError
from detectors.core.records import Scope, Signal
from stream import config
from stream.config import Config, load

DEPLOYED = Path(__file__).parents[2] / "deploy" / "weir.toml"
NAMES = [detector.name for detector in CATALOG]
WITH_SETTINGS = [each.name for each in CATALOG if inspect.signature(each).parameters]


def written(folder: Path, text: str) -> Path:
    path = folder / "weir.toml"
    path.write_text(text)
    return path


class Strict(Detector):
    """Stands for a detector that is particular about its settings."""

    name: ClassVar[str] = "strict"
    signal: ClassVar[Signal] = "rate"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account"})

    def __init__(
        self, *, low: float = 1.0, high: float = 2.0, share: Annotated[float, Meta(lt=1)] = 0.5
    ) -> None:
        if low <= 0:
            raise ValueError("low must be above 0")
        if low > high:
            raise ValueError("low must not be above high")


def test_without_a_file_the_defaults_hold() -> None:
    assert load(None) == Config()
    assert [type(detector) for detector in Config().detectors()] == list(CATALOG)


def test_the_file_that_is_deployed_says_what_the_defaults_are() -> None:
    loaded = load(DEPLOYED)
    assert loaded.version == Config().version
    assert list(loaded.options) == WITH_SETTINGS
    for bounds in config.TABLES.values():
        for key in bounds:
            assert getattr(loaded, key) == getattr(Config(), key)
            assert f"{key} = " in DEPLOYED.read_text()


def test_what_is_set_is_in_effect(tmp_path: Path) -> None:
    text = "[budget]\nfalse_alerts_per_day = 3\n[limits]\naccounts = 2_000\n"
    loaded = load(written(tmp_path, text + '[detectors]\nenabled = ["rate_surge"]\n'))
    assert loaded.enabled == ("rate_surge",)
    assert loaded.settings(seed=5).capacity == 2_000
    assert loaded.settings(seed=5).alerts_per_day == 3.0
    assert [detector.name for detector in loaded.detectors()] == ["rate_surge"]


def test_detectors_are_made_anew_with_their_options(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, "[detectors.young_crowd]\ncorrelation = 0.5\n"))
    (first,) = [d for d in loaded.detectors() if d.name == "young_crowd"]
    (second,) = [d for d in loaded.detectors() if d.name == "young_crowd"]
    assert first is not second
    assert vars(first)["correlation"] == 0.5


def test_an_engine_has_the_limits_of_its_level() -> None:
    engine = Config(accounts=3_000, groups=2_000).engine(partitions=2, seed=0)
    assert [level.profiles.capacity for level in engine.accounts] == [3_000, 3_000]
    assert [level.profiles.capacity for level in engine.groups] == [2_000, 2_000]


def test_a_worker_has_the_levels_of_an_engine() -> None:
    settings = Config(accounts=3_000, groups=2_000)
    engine = settings.engine(partitions=2, seed=7)
    account = settings.account_level(partition=1, partitions=2, seed=7)
    group = settings.group_level(partition=1, partitions=2, seed=7)
    assert account.settings == engine.accounts[1].settings
    assert group.settings == engine.groups[1].settings


def test_the_version_changes_with_what_is_in_effect_only(tmp_path: Path) -> None:
    default = Config().version
    assert default.startswith("weir ")
    assert len(default.rpartition("+")[2]) == 8
    assert Config(false_alerts_per_day=2.0).version != default
    assert Config(enabled=("rate_surge",)).version != default
    assert load(written(tmp_path, "[detectors.rate_surge]\nmemory = 200\n")).version == default
    assert load(written(tmp_path, "[detectors.rate_surge]\nmemory = 9\n")).version != default


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a =", "is not TOML"),
        ("limits = 5", "limits is 5, but must be a table: write [limits]."),
        ("[limit]", '"limit" is unknown in the file: did you mean "limits"?'),
        ("[limits]\naccount = 5", '"account" is unknown in [limits]: did you mean "accounts"?'),
        ("[limits]\naccounts = 5", "limits.accounts is 5, but must be from 1,000 to 100,000,000."),
        ("[limits]\naccounts = 1e6", "limits.accounts is 1000000.0, but must be a whole number."),
        ("[limits]\naccounts = true", "limits.accounts is true, but must be a whole number."),
        ("[clock]\nmax_ahead_seconds = '1'", 'max_ahead_seconds is "1", but must be a number.'),
        ("[budget]\nfalse_alerts_per_day = 0", "but must be from 0.001 to 100,000.0."),
        ("[budget]\nfalse_alerts_per_day = nan", "but must be from 0.001 to 100,000.0."),
        ("detectors = []", "detectors is [], but must be a table: write [detectors]."),
        ("[detectors]\nenabled = 'x'", "detectors.enabled must be a list of names"),
        ('[detectors]\nenabled = ["rate"]', 'names an unknown detector "rate"'),
        ('[detectors]\nenabled = ["model_pivto"]', 'did you mean "model_pivot"?'),
        ('[detectors]\nenabled = ["rate_surge", "rate_surge"]', "twice: name it once."),
        ("[detectors.rate_surges]", 'did you mean "rate_surge"?'),
        ("[detectors]\nrate_surge = 1", "detectors.rate_surge is 1, but must be a table"),
        ("[detectors.rate_surge]\nmemroy = 1", 'did you mean "memory"?'),
        ("[detectors.rate_surge]\nmemory = 'x'", 'detectors.rate_surge.memory is "x": Expected'),
        ("[detectors.rate_surge]\nmemory = inf", "rate_surge.memory is inf, but must be a finite"),
    ],
)
def test_a_fault_is_one_sentence_with_file_key_and_remedy(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("low = -1", "detectors.strict.low is -1: low must be above 0."),
        ("share = 1", "detectors.strict.share is 1: Expected `float` < 1.0."),
        ("low = 1.5\nhigh = 1.2", "detectors.strict holds settings that do not go together"),
    ],
)
def test_what_a_detector_refuses_names_detector_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    monkeypatch.setattr(config, "CATALOG", (Strict,))
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, f"[detectors.strict]\n{text}"))
    assert sentence in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read"):
        load(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(tmp_path / "latin.toml")
