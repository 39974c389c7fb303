"""Tokens signed elsewhere, and keys that cannot be used."""

import hmac
import json
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.utils import base64url_encode

from shared.errors import AppError
from shared.settings import SettingError, read_settings
from shared.tokens import TokenVerifier, make_token

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PUBLIC_PEM = PRIVATE_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
CLAIMS = {
    "iss": "analytics",
    "aud": "analytics",
    "sub": "somebody",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
    "role": "viewer",
    "websites": ["site-1"],
}


def clock() -> datetime:
    return NOW


def verifier(**environ: str) -> TokenVerifier:
    return TokenVerifier(read_settings(environ), clock)


@pytest.mark.rule("R63")
def test_a_token_of_an_identity_provider_opens_its_websites() -> None:
    token = jwt.encode(CLAIMS, PRIVATE_KEY, algorithm="RS256", headers={"kid": "the-provider-s"})

    principal = verifier(JWT_PUBLIC_KEY=PUBLIC_PEM.decode()).verify(f"Bearer {token}")

    assert (principal.subject, principal.websites) == ("somebody", frozenset({"site-1"}))


@pytest.mark.rule("R63")
def test_the_public_key_is_never_a_secret() -> None:
    # By hand: the library itself refuses to sign with a PEM as an HMAC secret (CVE-2022-29217).
    signed = b".".join(base64url_encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, CLAIMS))
    forged = signed + b"." + base64url_encode(hmac.digest(PUBLIC_PEM, signed, "sha256"))

    with pytest.raises(AppError, match="not valid"):
        verifier(JWT_PUBLIC_KEY=PUBLIC_PEM.decode()).verify(f"Bearer {forged.decode()}")


@pytest.mark.rule("R63")
@pytest.mark.parametrize("kid", ["other", "' OR 1=1", "x" * 5000])
def test_a_token_of_ours_names_no_key(kid: str) -> None:
    token = jwt.encode(CLAIMS, SECRET, algorithm="HS256", headers={"kid": kid})

    with pytest.raises(AppError) as refused:
        verifier(JWT_SECRET=SECRET).verify(f"Bearer {token}")

    assert (refused.value.status, refused.value.code) in {(401, "invalid_token"), (401, "unauthorized")}


@pytest.mark.rule("R63")
@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"JWT_SECRET": SECRET, "JWT_PUBLIC_KEY": PUBLIC_PEM.decode()}, "JWT_PUBLIC_KEY"),
        ({"JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----"}, "JWT_PUBLIC_KEY"),
        ({"JWT_PUBLIC_KEY": "nonsense"}, "JWT_PUBLIC_KEY"),
        ({"JWT_SECRET": "secret"}, "JWT_SECRET"),
        ({"JWT_SECRET": "a" * 64}, "JWT_SECRET"),
        ({}, "JWT_SECRET"),
    ],
    ids=["both", "bad-pem", "no-pem", "short", "one-letter", "none"],
)
def test_an_unfit_key_stops_the_start_by_its_name(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingError, match=name):
        verifier(**environ)


@pytest.mark.rule("R63")
def test_the_cli_s_token_holds_for_a_day() -> None:
    settings = read_settings({"JWT_SECRET": SECRET})

    token = make_token(settings, clock, role="owner", websites=None)

    assert verifier(JWT_SECRET=SECRET).verify(f"Bearer {token}").websites is None
