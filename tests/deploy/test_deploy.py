import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml
from prometheus_client import CollectorRegistry

from stream.metrics import Metrics
from stream.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ["requirements.lock", "requirements-bench.lock", "deploy/requirements.lock"]

services = pytest.mark.parametrize("service", COMPOSE["services"].values(), ids=COMPOSE["services"])
locks = pytest.mark.parametrize("lock", LOCKS)


@services
def test_a_service_runs_a_pinned_image(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])


@services
def test_a_service_runs_as_an_ordinary_user_without_privileges(service: dict[str, Any]) -> None:
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@services
def test_a_service_that_goes_on_is_checked_and_started_again(service: dict[str, Any]) -> None:
    if service.get("healthcheck") == {"disable": True}:
        assert service["restart"].startswith("on-failure")
    else:
        assert "healthcheck" in service or "HEALTHCHECK" in DOCKERFILE
        assert service["restart"] == "unless-stopped"


@services
def test_a_service_opens_ports_on_the_loopback_only(service: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@services
def test_a_service_waits_for_those_that_exist_and_say_they_are_ready(
    service: dict[str, Any],
) -> None:
    for name, how in service.get("depends_on", {}).items():
        waits_for_end = COMPOSE["services"][name].get("healthcheck") == {"disable": True}
        ready = "service_completed_successfully" if waits_for_end else "service_healthy"
        assert how["condition"] == ready


@services
def test_a_named_volume_of_a_service_is_declared(service: dict[str, Any]) -> None:
    named = [volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] != "."]
    assert set(named) <= set(COMPOSE["volumes"])


def test_the_image_is_built_from_pinned_bases_and_runs_as_an_ordinary_user() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)

    assert all(re.fullmatch(r"python:3\.12\.\d+-(slim-)?bookworm", base) for base in bases)
    assert re.findall(r"^USER (.+)", DOCKERFILE, flags=re.MULTILINE) == ["10001:10001"]


def test_the_image_has_the_projects_version() -> None:
    assert COMPOSE["services"]["worker"]["image"] == f"weir:{PROJECT['project']['version']}"


def test_the_build_sees_every_file_that_it_copies() -> None:
    seen = (ROOT / ".dockerignore").read_text().split()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)

    assert all(f"!{path}" in seen for paths in copied for path in paths.split())


@locks
def test_a_lock_pins_each_package_with_its_hashes_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]

    assert packages
    assert all(re.match(r"\S+==\S+ [^\n]*\\\n    --hash=sha256:", package) for package in packages)
    assert "://" not in text


@locks
def test_a_lock_has_everything_that_the_project_asks_for(lock: str) -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), flags=re.MULTILINE))
    wanted = {name_of(requirement) for requirement in PROJECT["project"]["dependencies"]}
    extras = {"requirements.lock": "dev", "requirements-bench.lock": "bench"}
    if lock in extras:
        more = PROJECT["project"]["optional-dependencies"][extras[lock]]
        wanted |= {name_of(requirement) for requirement in more}

    assert wanted <= pinned


def test_what_runs_in_the_image_is_what_was_tested() -> None:
    pins = re.compile(r"^\S+==\S+", flags=re.MULTILINE)
    tested = set(pins.findall((ROOT / "requirements.lock").read_text()))

    assert set(pins.findall((ROOT / "deploy/requirements.lock").read_text())) <= tested


def test_prometheus_accepts_its_configuration_and_the_alerts(
    cannot_run: Callable[[str], NoReturn],
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        cannot_run("promtool is not here to check deploy/prometheus; install prometheus")
    configuration = ROOT / "deploy" / "prometheus" / "prometheus.yml"

    checked = subprocess.run(
        [promtool, "check", "config", configuration], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_says_what_is_so_and_what_to_do() -> None:
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]

    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["alert"].startswith("Weir")
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert {"summary", "description"} == set(rule["annotations"])


def test_every_alert_reads_metrics_that_weir_has() -> None:
    has = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics(CollectorRegistry()).registry.collect()
    }
    rules = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()

    assert set(re.findall(r"\bweir_\w+", rules)) <= has


def test_prometheus_and_the_health_check_ask_the_port_that_the_worker_opens() -> None:
    opened = re.findall(r"WEIR_METRICS_PORT=(\d+)", DOCKERFILE)
    asked = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()

    assert f"EXPOSE {opened[0]}" in DOCKERFILE
    assert COMPOSE["services"]["worker"]["ports"] == [f"127.0.0.1:{opened[0]}:{opened[0]}"]
    assert f"worker:{opened[0]}" in asked


def test_every_setting_that_is_deployed_is_one_that_weir_reads() -> None:
    known = {f"WEIR_{field.name.upper()}" for field in fields(Settings)}
    compose = (ROOT / "docker-compose.yml").read_text()

    assert set(re.findall(r"WEIR_[A-Z_]+", DOCKERFILE + compose)) <= known


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0]
