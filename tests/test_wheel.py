"""What is installed holds code and nothing that is secret (RELIABILITY 6.6)."""

import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.test_layout import PACKAGES, ROOT

# Kept out of every repository by their names.
SECRET_NAMES = re.compile(r"(^|/)(\.env|\.netrc|id_rsa|secret)|\.(pem|key|crt|cer|p12|pfx|jks|sqlite|dump)$")
SECRET_TEXTS = re.compile(
    rb"-----BEGIN [A-Z ]+-----"
    rb"|\bak_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b"
    rb"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
    rb"|\bAKIA[0-9A-Z]{16}\b"
    rb"|://[^/\s:@{}]+:(?!password@)[^/\s:@{}]{8,}@"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as `pip install .` makes it."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(target), str(source)],
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(target.glob("*.whl")))


def test_it_holds_the_packages_and_the_licence(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]


def test_it_holds_every_file_that_is_no_code(wheel: zipfile.ZipFile) -> None:
    needed = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".sql", ".js", ".css", ".html", ".svg", ".ts"} and not path.name.endswith(".source.js")
    }

    assert needed <= set(wheel.namelist())


def test_no_secret_is_in_it(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if SECRET_NAMES.search(name)] == []
    assert {name: found[0] for name in wheel.namelist() if (found := SECRET_TEXTS.search(wheel.read(name)))} == {}


@pytest.mark.parametrize("name", [".env", "shared/.env", "shared/tls.pem", "ingest/server.key", "sql/tls.crt"])
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert SECRET_NAMES.search(name)


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN " + b"RSA PRIVATE KEY-----",
        b"KEY = 'ak_" + b"0123456789ab_" + b"x" * 49 + b"'",
        b"postgresql://analytics:" + b"correcthorse@db/analytics",
        b"eyJhbGciOiJIUzI1NiJ9." + b"eyJzdWIiOiJjbGkiLCJpYXQiOjF9.c2lnbmF0dXJl",
    ],
)
def test_a_secret_is_known_by_what_it_says(text: bytes) -> None:
    assert SECRET_TEXTS.search(text)
