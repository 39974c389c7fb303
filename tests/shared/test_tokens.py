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


def by_hand(header: object, claims: object, secret: str = SECRET, digest: str = "sha256") -> str:
    """What no library signs; JSON as it stands where it is text already."""
    parts = (part if isinstance(part, str) else json.dumps(part) for part in (header, claims))
    signed = b".".join(base64url_encode(part.encode()) for part in parts)
    return (signed + b"." + base64url_encode(hmac.digest(secret.encode(), signed, digest))).decode()


def with_claims(**changed: object) -> str:
    """A token of ours but for these claims; None leaves one out."""
    return by_hand(HEADER, {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None})


def with_payload(text: str) -> str:
    return by_hand(HEADER, json.dumps(CLAIMS)[:-1] + f', "more": {text}}}')


HEADER = {"alg": "HS256", "typ": "JWT"}
GOOD = by_hand(HEADER, CLAIMS)
SIGNED = GOOD.rpartition(".")[0]
ISSUED = int(NOW.timestamp())

# Rows of hostile tokens that need no database; the others stand in tests/queryapi (test_http, test_key_routes,
# test_shares, test_users). SPEC R63 sets some rows aside: one key and no rotation (E31: a token of the key before is
# one of another key), roles in place of scopes in a token (E85: such a claim says nothing), one answer to a key
# whoever shows it (E89), and no limit on wrong keys, of which 256 bits cannot be guessed (E95).
HOSTILE = [
    pytest.param(f" {GOOD}", id="E15 leading blank"),
    pytest.param(f"{GOOD} ", id="E15 trailing blank"),
    pytest.param(f"{GOOD}\t", id="E15 trailing tab"),
    pytest.param(f"{GOOD}!", id="E15 what base64 passes over"),
    pytest.param(f"{GOOD}=", id="E15 padding"),
    pytest.param(by_hand({**HEADER, "alg": "nOnE"}, CLAIMS), id="E19 alg nOnE"),
    pytest.param(by_hand({**HEADER, "alg": "none"}, CLAIMS).rpartition(".")[0] + ".", id="E19 alg none, unsigned"),
    pytest.param(by_hand({**HEADER, "alg": ["HS256"]}, CLAIMS), id="E21 alg a list"),
    pytest.param(by_hand({**HEADER, "alg": "HS512"}, CLAIMS, digest="sha512"), id="E23 alg HS512"),
    pytest.param(by_hand(HEADER, CLAIMS, "secret"), id="E27 secret secret"),
    pytest.param(by_hand(HEADER, CLAIMS, SECRET[::-1]), id="E31 another key"),
    pytest.param(
        by_hand({**HEADER, "jwk": {"kty": "oct", "k": "c2VjcmV0"}}, CLAIMS, "secret"), id="E39 a key in the header"
    ),
    pytest.param(by_hand({**HEADER, "crit": ["x"]}, CLAIMS), id="E41 crit"),
    pytest.param(by_hand({**HEADER, "typ": "refresh"}, CLAIMS), id="E43 typ refresh"),
    pytest.param(by_hand({**HEADER, "zip": "DEF"}, CLAIMS), id="E45 zip"),
    pytest.param(SIGNED, id="E47 no signature"),
    pytest.param(f"{SIGNED}.", id="E47 empty signature"),
    pytest.param(
        f"{by_hand({**HEADER, 'alg': 'ES256'}, CLAIMS).rpartition('.')[0]}.{'A' * 86}", id="E49 psychic signature"
    ),
    pytest.param(f"{with_claims(websites='*').rpartition('.')[0]}.{GOOD.rpartition('.')[2]}", id="E51 payload changed"),
    pytest.param(by_hand(HEADER, "[" * 5000), id="E53 depth"),
    pytest.param(with_payload("9" * 5000), id="E55 digits"),
    pytest.param(with_claims(exp="abc"), id="E59 exp abc"),
    pytest.param(with_claims(exp=[]), id="E59 exp a list"),
    pytest.param(with_claims(exp=True), id="E59 exp true"),
    pytest.param(with_claims(exp=float("nan")), id="E59 exp NaN"),
    pytest.param(by_hand(HEADER, json.dumps({**CLAIMS, "exp": 0}).replace('"exp": 0', '"exp": 1e400')), id="E59 1e400"),
    pytest.param(with_claims(exp=10**400, iat=1.5), id="E61 exp beyond a float"),
    pytest.param(with_claims(exp=-(10**400), iat=-(10**400)), id="E61 both beyond a float"),
    pytest.param(with_claims(iss="analytics.example"), id="E73 begins with ours"),
    pytest.param(with_claims(iss=["analytics"]), id="E73 iss a list"),
    pytest.param(with_claims(sub=5), id="E75 sub a number"),
    pytest.param(by_hand(HEADER, {**CLAIMS, "sub": None}), id="E75 sub null"),
    pytest.param(with_claims(sub=""), id="E75 sub empty"),
    pytest.param(with_claims(websites=[f"site-{number}" for number in range(10_000)]), id="E83 10 000 websites"),
    pytest.param(by_hand(HEADER, [1]), id="claims a list"),
    pytest.param(by_hand([1], CLAIMS), id="header a list"),
]


@pytest.mark.rule("R63")
@pytest.mark.parametrize("token", HOSTILE)
def test_a_token_that_is_not_quite_ours_opens_nothing(token: str) -> None:
    with pytest.raises(AppError) as refused:
        verifier(JWT_SECRET=SECRET).verify(f"Bearer {token}")

    assert (refused.value.status, refused.value.headers) == (401, {"WWW-Authenticate": "Bearer"})


@pytest.mark.rule("R63")
def test_a_token_of_ours_nested_deep_is_refused_or_opens_what_it_says() -> None:
    # How deep Python reads JSON differs by version.
    token = with_payload("[" * 2500 + "]" * 2500)
    outcome: object
    try:
        outcome = verifier(JWT_SECRET=SECRET).verify(f"Bearer {token}").subject
    except AppError as refused:
        outcome = refused.status

    assert outcome in (401, CLAIMS["sub"])


@pytest.mark.rule("R63")
@pytest.mark.parametrize(
    ("changed", "code"),
    [({"exp": ISSUED - 31, "iat": ISSUED - 60}, "token_expired"), ({"exp": 10**30}, "lifetime_too_long")],
    ids=["E57", "E61"],
)
def test_a_token_that_is_over_or_never_is_says_so(changed: dict[str, object], code: str) -> None:
    with pytest.raises(AppError) as refused:
        verifier(JWT_SECRET=SECRET).verify(f"Bearer {with_claims(**changed)}")

    assert refused.value.code == code


@pytest.mark.rule("R63")
@pytest.mark.parametrize(
    "token",
    [GOOD, with_claims(exp=ISSUED + 3600.5), with_claims(scope="manage"), with_claims(scopes=["manage"])],
    ids=["good", "E63 exp a fraction", "E85 scope as text", "E85 scopes as a list"],
)
def test_a_token_says_what_its_role_is_worth(token: str) -> None:
    principal = verifier(JWT_SECRET=SECRET).verify(f"Bearer {token}")

    assert principal.scopes == {"stats:read"}


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
