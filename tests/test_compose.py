"""compose.yaml has the shape of a production deployment."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

TEXT = (Path(__file__).parent.parent / "compose.yaml").read_text("utf-8")
SERVICES: dict[str, dict[str, object]] = yaml.safe_load(TEXT)["services"]
OURS = ("migrate", "gateway", "worker", "queryapi")
SERVERS = ("redis", "timescale")
SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET")


def test_every_part_is_there() -> None:
    assert set(SERVICES) == {*OURS, *SERVERS}


@pytest.mark.parametrize("name", [*OURS, *SERVERS])
def test_runs_without_privileges(name: str) -> None:
    service = SERVICES[name]

    assert str(service["user"]).split(":")[0] not in {"0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service


@pytest.mark.parametrize("name", [*SERVERS, "migrate", "worker"])
def test_publishes_no_port(name: str) -> None:
    assert "ports" not in SERVICES[name]


@pytest.mark.parametrize("name", ["gateway", "queryapi"])
def test_listens_on_this_machine_alone(name: str) -> None:
    ports = msgspec.convert(SERVICES[name]["ports"], list[str])

    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted({*OURS, *SERVERS} - {"migrate"}))
def test_has_a_health_check_and_time_to_stop(name: str) -> None:
    service = SERVICES[name]

    assert isinstance(service["healthcheck"], dict)
    assert "test" in service["healthcheck"]
    assert re.fullmatch(r"\d+s", str(service["stop_grace_period"]))


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("migrate", {"timescale": "service_healthy"}),
        ("gateway", {"redis": "service_healthy"}),
        ("worker", {"redis": "service_healthy", "migrate": "service_completed_successfully"}),
        ("queryapi", {"redis": "service_healthy", "migrate": "service_completed_successfully"}),
    ],
)
def test_starts_when_what_it_needs_is_well(name: str, needs: dict[str, str]) -> None:
    conditions = SERVICES[name]["depends_on"]

    assert conditions == {server: {"condition": condition} for server, condition in needs.items()}


def test_secrets_have_no_default() -> None:
    uses = re.findall(rf"\$\{{({'|'.join(SECRETS)})([^}}]*)\}}", TEXT)

    assert {name for name, _ in uses} == set(SECRETS)
    assert {rest for _, rest in uses} == {":?"}


def test_redis_keeps_what_was_accepted() -> None:
    command = msgspec.convert(SERVICES["redis"]["command"], list[str])
    options = dict(zip(command[1::2], command[2::2], strict=True))

    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert "--maxmemory" in options


@pytest.mark.parametrize("name", SERVERS)
def test_servers_are_pinned_and_keep_their_data(name: str) -> None:
    service = SERVICES[name]

    assert re.search(r":\d+\.\d+\.\d+", str(service["image"]))
    assert isinstance(service["volumes"], list)


def test_several_workers_run() -> None:
    assert SERVICES["worker"]["deploy"] == {"replicas": 2}
