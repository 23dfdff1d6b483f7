"""Is what Weir is told, by the environment and by weir.toml, of one piece?"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields

from detectors.core.errors import ConfigError
from stream import config as configuration
from stream import settings
from stream.config import Config
from stream.doctor.finding import Finding, fail, ok, warn
from stream.settings import Settings

#: Variables that begin as the settings do and belong to the tests.
_OTHERS = {"WEIR_REQUIRE_ALL", "WEIR_KAFKA_HOME"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What Weir is told, as far as it could be read."""

    findings: list[Finding]
    settings: Settings | None
    config: Config | None


def examine(
    environment: Mapping[str, str], *, bootstrap: str | None = None, config: str | None = None
) -> Told:
    """Read the settings and weir.toml as the worker would."""
    findings = [_unknown(name) for name in sorted(environment) if _is_unknown(name)]
    try:
        given = settings.read(environment, bootstrap=bootstrap, config=config)
    except ConfigError as error:
        findings.append(fail("settings", f"{error}."))
        return Told(findings=findings, settings=None, config=None)
    findings.append(
        ok(
            "settings",
            f"the broker is {given.bootstrap}, the group {given.group}, {_safety(given)}.",
        )
    )
    try:
        loaded = configuration.load(given.config)
    except ConfigError as error:
        findings.append(fail("weir.toml", str(error)))
        return Told(findings=findings, settings=given, config=None)
    source = given.config or "no weir.toml is named, so the defaults hold"
    findings.append(
        ok("weir.toml", f"{source}: {len(loaded.enabled)} detectors ({', '.join(loaded.enabled)}).")
    )
    return Told(findings=findings, settings=given, config=loaded)


def _is_unknown(name: str) -> bool:
    known = {f"WEIR_{field.name.upper()}" for field in fields(Settings)} | _OTHERS
    return name.startswith("WEIR_") and name not in known


def _unknown(name: str) -> Finding:
    known = [f"WEIR_{field.name.upper()}" for field in fields(Settings)]
    near = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else "remove it, or see the manual for its name."
    return warn("settings", f"{name} is no setting of Weir and has no effect: {remedy}")


def _safety(given: Settings) -> str:
    login = f"SASL {given.sasl_mechanism}" if given.sasl_mechanism else "no login"
    return f"{login} and {'TLS' if given.tls else 'no TLS'}"
