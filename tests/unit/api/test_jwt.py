"""Tokens: which are taken, and what they make of the caller."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from inventory.api.interceptors import jwt as jwt_module
from inventory.api.interceptors.authentication import Caller
from inventory.api.interceptors.jwt import REMEMBER_SECONDS, JwtAuthenticator
from inventory.api.interceptors.keys import (
    KEY_SECONDS,
    LOOK_SECONDS,
    REFETCH_SECONDS,
    UNKNOWN_PER_SECOND,
    identity_keys,
    local_keys,
)
from inventory.errors import (
    AuthenticateFailureError,
    ConnectionFailureError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    SettingsError,
)
from tests.manual_clock import ManualClock

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa-1"})


def public(key: RSAKey | ECKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


class FakeIdentity:
    """Knows one domain's key and counts how often it is asked."""

    def __init__(self, key: RSAKey | ECKey) -> None:
        self.key = key
        self.asked = 0
        self.down = False

    def get_public_key(self, domain_id: str) -> str:
        self.asked += 1
        if self.down:
            raise ConnectionFailureError(service="identity")
        if domain_id != "domain-one":
            raise NotFoundError(key="domain_id", value=domain_id)
        return json.dumps(public(self.key))


@pytest.fixture
def identity() -> FakeIdentity:
    return FakeIdentity(RSA)


@pytest.fixture
def authenticator(identity: FakeIdentity, clock: ManualClock) -> JwtAuthenticator:
    return JwtAuthenticator(identity_keys(identity, clock), clock=clock, leeway_seconds=30)  # type: ignore[arg-type]


def token(clock: ManualClock, key: Any = RSA, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(clock.now().timestamp())
    content = {
        "did": "domain-one",
        "aud": "user@example.com",
        "iat": now,
        "exp": now + 600,
        "cat": "ACCESS_TOKEN",
        "user_type": "USER",
        **claims,
    }
    content = {name: value for name, value in content.items() if value is not ...}
    algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
    return str(jwt.encode(header or {"alg": algorithm}, content, key, algorithms=[algorithm]))


def refused(authenticator: JwtAuthenticator, text: str) -> bool:
    with pytest.raises(AuthenticateFailureError):
        authenticator.authenticate(text)
    return True


def test_a_good_token_tells_who_calls(authenticator: JwtAuthenticator, clock: ManualClock) -> None:
    caller = authenticator.authenticate(token(clock, permissions=["inventory.Collector.*"], user_type="DOMAIN_OWNER"))

    assert caller == Caller("domain-one", "user@example.com", "DOMAIN_OWNER", ("inventory.Collector.*",))


def test_the_key_must_be_one_of_the_domain_that_counts(
    authenticator: JwtAuthenticator, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the first look at a token ever read another domain than the one that checks its signature."""
    peek = jwt_module._peek
    monkeypatch.setattr(jwt_module, "_peek", lambda text: (peek(text)[0], {"did": "domain-one"}))

    assert refused(authenticator, token(clock, did="domain-two"))


def test_es256_is_taken(identity: FakeIdentity, authenticator: JwtAuthenticator, clock: ManualClock) -> None:
    identity.key = EC

    assert authenticator.authenticate(token(clock, EC)).user_id == "user@example.com"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 0},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"nbf": 10**400},
        {"aud": "two\nlines"},
        {"aud": "x" * 256},
        {"did": "x" * 256},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"did": ...},
        {"did": ""},
        {"did": "another"},
        {"did": 5},
        {"did": ["domain-one"]},
        {"did": {"domain-one": 1}},
        {"did": None},
        {"aud": ["user@example.com"]},
        {"aud": True},
        {"user_type": ["DOMAIN_OWNER"]},
        {"user_type": 1},
        {"user_type": None},
        {"user_type": {}},
        {"cat": ["ACCESS_TOKEN"]},
        {"cat": {}},
        {"cat": None},
        {"iat": "now"},
        {"iat": [1]},
        {"nbf": None},
        {"exp": [4_000_000_000]},
        {"permissions": {"inventory.*": 1}},
        {"cat": "API_KEY"},
        {"cat": "API_KEY", "api_key_id": ["api-key-1"]},
        {"cat": "API_KEY", "api_key_id": 1},
        {"aud": ...},
        {"aud": ["a", "b"]},
        {"cat": "REFRESH_TOKEN"},
        {"cat": 1},
        {"permissions": "inventory.*"},
        {"permissions": [1]},
    ],
)
def test_claims_that_are_wrong_are_refused(
    authenticator: JwtAuthenticator, clock: ManualClock, claims: dict[str, Any]
) -> None:
    assert refused(authenticator, token(clock, **claims))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "....",
        "e30.e30.e30",
        "x" * 100_000,
        "\ud800.b.c",
        "é.ü.ß",
        "٣.٣.٣",
        "W" + "1tb" * 5_000 + ".e30.e30",
    ],
)
def test_what_is_no_token_is_refused(authenticator: JwtAuthenticator, text: str) -> None:
    assert refused(authenticator, text)


def test_text_beyond_ascii_inside_a_token_is_nothing_special(
    authenticator: JwtAuthenticator, clock: ManualClock
) -> None:
    assert authenticator.authenticate(token(clock, aud="ü@例え.jp")).user_id == "ü@例え.jp"


def test_a_giant_token_is_refused_though_its_signature_fits(
    authenticator: JwtAuthenticator, clock: ManualClock
) -> None:
    assert refused(authenticator, token(clock, permissions=["inventory.*"] * 3_000))


def test_a_tampered_token_is_refused_in_each_of_its_parts(authenticator: JwtAuthenticator, clock: ManualClock) -> None:
    parts = token(clock).split(".")
    authenticator.authenticate(".".join(parts))
    for number, part in enumerate(parts):
        middle = len(part) // 2
        other = "A" if part[middle] != "A" else "B"
        changed = [*parts[:number], part[:middle] + other + part[middle + 1 :], *parts[number + 1 :]]
        assert refused(authenticator, ".".join(changed))


def test_one_domains_key_does_not_open_another(clock: ManualClock) -> None:
    class TwoDomains(FakeIdentity):
        def get_public_key(self, domain_id: str) -> str:
            return json.dumps(public({"domain-one": RSA, "domain-two": OTHER}[domain_id]))

    keys = identity_keys(TwoDomains(RSA), clock)  # type: ignore[arg-type]
    authenticator = JwtAuthenticator(keys, clock=clock, leeway_seconds=30)

    authenticator.authenticate(token(clock, OTHER, did="domain-two"))
    assert refused(authenticator, token(clock, RSA, did="domain-two"))


def test_skew_of_clocks_is_tolerated_up_to_the_leeway(authenticator: JwtAuthenticator, clock: ManualClock) -> None:
    now = int(clock.now().timestamp())

    authenticator.authenticate(token(clock, iat=now + 29, nbf=now + 29))
    authenticator.authenticate(token(clock, exp=now - 29))
    assert refused(authenticator, token(clock, iat=now + 31))
    assert refused(authenticator, token(clock, exp=now - 31))


def test_a_token_that_expires_is_refused_then_and_not_before(
    authenticator: JwtAuthenticator, clock: ManualClock
) -> None:
    text = token(clock)
    clock.advance(timedelta(seconds=629))
    authenticator.authenticate(text)

    clock.advance(timedelta(seconds=2))

    assert refused(authenticator, text)


def test_another_key_with_the_same_kid_is_refused_and_asked_for_once(
    authenticator: JwtAuthenticator, identity: FakeIdentity, clock: ManualClock
) -> None:
    clock.advance(timedelta(seconds=1))
    authenticator.authenticate(token(clock))
    clock.advance(timedelta(seconds=REFETCH_SECONDS + 1))

    assert refused(authenticator, token(clock, OTHER))
    assert refused(authenticator, token(clock, OTHER))
    assert identity.asked == 2


def test_a_rotated_key_is_taken_at_once(
    authenticator: JwtAuthenticator, identity: FakeIdentity, clock: ManualClock
) -> None:
    authenticator.authenticate(token(clock))
    clock.advance(timedelta(seconds=REFETCH_SECONDS + 1))
    identity.key = RSAKey.generate_key(2048, {"kid": "rsa-2"})

    caller = authenticator.authenticate(token(clock, identity.key, {"alg": "RS256", "kid": "rsa-2"}))

    assert caller.user_id == "user@example.com"


def test_a_key_rotated_out_is_of_no_use_after_a_while(
    authenticator: JwtAuthenticator, identity: FakeIdentity, clock: ManualClock
) -> None:
    first = token(clock, exp=4_000_000_000)
    authenticator.authenticate(first)
    identity.key = RSAKey.generate_key(2048, {"kid": "rsa-2"})

    clock.advance(timedelta(seconds=KEY_SECONDS + 1))

    assert refused(authenticator, first)


def test_a_known_key_is_used_without_asking_and_survives_an_outage(
    authenticator: JwtAuthenticator, identity: FakeIdentity, clock: ManualClock
) -> None:
    authenticator.authenticate(token(clock))
    identity.down = True

    authenticator.authenticate(token(clock, aud="somebody-else"))
    assert identity.asked == 1

    clock.advance(timedelta(seconds=KEY_SECONDS + 1))
    with pytest.raises(ConnectionFailureError):
        authenticator.authenticate(token(clock, aud="a-third"))


def test_forged_domains_do_not_become_calls_without_end(
    authenticator: JwtAuthenticator, identity: FakeIdentity, clock: ManualClock
) -> None:
    for _ in range(20):
        assert refused(authenticator, token(clock, did="no-such-domain"))

    assert identity.asked <= 2


def test_made_up_domains_neither_flood_identity_nor_push_out_real_ones(
    authenticator: JwtAuthenticator, identity: FakeIdentity, clock: ManualClock
) -> None:
    authenticator.authenticate(token(clock))
    before = identity.asked
    turned_away = 0
    for number in range(200):
        try:
            authenticator.authenticate(token(clock, OTHER, did=f"made-up-{number}"))
        except LimitExceededError:
            turned_away += 1
        except AuthenticateFailureError:
            pass

    assert identity.asked - before <= UNKNOWN_PER_SECOND
    assert turned_away >= 200 - UNKNOWN_PER_SECOND
    assert authenticator.authenticate(token(clock, aud="another user")).user_id == "another user"
    clock.advance(timedelta(seconds=1))
    assert refused(authenticator, token(clock, did="one-more"))


def test_algorithm_confusion_is_refused(authenticator: JwtAuthenticator, clock: ManualClock) -> None:
    def part(content: dict[str, Any]) -> str:
        return encoded(json.dumps(content).encode())

    def encoded(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    _, payload, signature = token(clock).split(".")
    signed = f"{part({'alg': 'HS256'})}.{payload}"
    for public_text in (RSA.as_pem(private=False), json.dumps(public(RSA)).encode()):
        forged = hmac.new(public_text, signed.encode(), "sha256").digest()
        assert refused(authenticator, f"{signed}.{encoded(forged)}")
    assert refused(authenticator, f"{part({'alg': 'none'})}.{payload}.")
    assert refused(authenticator, f"{part({'alg': 'ES256'})}.{payload}.{signature}")
    assert refused(authenticator, f"{part({'alg': 'RS256', 'crit': ['x'], 'x': 1})}.{payload}.{signature}")


def signed(header: dict[str, Any], claims: dict[str, Any], key: RSAKey | ECKey = RSA) -> str:
    """Sign whatever header there is, as the library would not."""

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    text = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    if isinstance(key, RSAKey):
        signature = key.private_key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    else:
        size = (key.private_key.curve.key_size + 7) // 8
        numbers = decode_dss_signature(key.private_key.sign(text, ec.ECDSA(hashes.SHA256())))
        signature = b"".join(number.to_bytes(size, "big") for number in numbers)
    return (text + b"." + part(signature)).decode()


def claims_now(clock: ManualClock) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    return {"did": "domain-one", "aud": "user@example.com", "iat": now, "exp": now + 600}


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["x"], "x": 1},
        {"crit": 5},
        {"crit": "alg"},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"zip": "DEF"},
        {"kid": 5},
        {"kid": ["rsa-1"]},
        {"kid": {"rsa-1": 1}},
        {"kid": "../../../dev/null"},
        {"kid": "' OR 1=1"},
        {"typ": 5},
        {"alg": ["RS256"]},
        {"alg": "rs256"},
        {"alg": "RS256 "},
        {"alg": "PS256"},
        {"alg": "RS512"},
        {"alg": None},
    ],
)
def test_a_strange_header_is_refused_though_its_signature_fits(
    authenticator: JwtAuthenticator, clock: ManualClock, header: dict[str, Any]
) -> None:
    authenticator.authenticate(signed({"alg": "RS256", "kid": "rsa-1"}, claims_now(clock)))

    assert refused(authenticator, signed({"alg": "RS256", **header}, claims_now(clock)))


@pytest.mark.parametrize("curve", ["P-384", "P-521", "secp256k1"])
def test_es256_is_p256_only(
    identity: FakeIdentity, authenticator: JwtAuthenticator, clock: ManualClock, curve: str
) -> None:
    identity.key = ECKey.generate_key(curve)

    assert refused(authenticator, signed({"alg": "ES256"}, claims_now(clock), identity.key))


@pytest.mark.parametrize("limits", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "RS512"}])
def test_a_key_is_used_for_what_it_is_meant_for_only(
    tmp_path: Path, clock: ManualClock, limits: dict[str, Any]
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{**public(RSA), **limits}]}))
    authenticator = JwtAuthenticator(local_keys(path, clock), clock=clock, leeway_seconds=0)

    assert refused(authenticator, token(clock))


@pytest.mark.parametrize("name", ["did", "aud"])
def test_half_a_character_is_refused(authenticator: JwtAuthenticator, clock: ManualClock, name: str) -> None:
    """JSON can spell what neither MongoDB nor gRPC can hold."""
    assert refused(authenticator, signed({"alg": "RS256"}, {**claims_now(clock), name: "half: \ud800"}))


def test_claims_that_are_no_mapping_are_refused(authenticator: JwtAuthenticator) -> None:
    assert refused(authenticator, signed({"alg": "RS256"}, [1]))  # type: ignore[arg-type]


def test_a_key_that_comes_with_the_token_is_not_used(authenticator: JwtAuthenticator, clock: ManualClock) -> None:
    header = {"alg": "RS256", "jwk": public(OTHER), "kid": "rsa-1"}

    assert refused(authenticator, token(clock, OTHER, header))


def test_local_keys_choose_by_kid_and_type(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [public(RSA), public(EC)]}))
    authenticator = JwtAuthenticator(local_keys(path, clock), clock=clock, leeway_seconds=0)

    authenticator.authenticate(token(clock, RSA, {"alg": "RS256", "kid": "rsa-1"}))
    authenticator.authenticate(token(clock, EC, did="any-domain"))
    assert refused(authenticator, token(clock, RSA, {"alg": "RS256", "kid": "rsa-9"}))


class TestJwksFile:
    """The file changes while the server runs."""

    NEW = RSAKey.generate_key(2048, {"kid": "rsa-2"})

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps({"keys": [public(RSA)]}))
        return path

    @pytest.fixture
    def authenticator(self, path: Path, clock: ManualClock) -> JwtAuthenticator:
        return JwtAuthenticator(local_keys(path, clock), clock=clock, leeway_seconds=30)

    @staticmethod
    def replace(path: Path, content: str) -> None:
        staged = path.with_suffix(".new")
        staged.write_text(content)
        staged.replace(path)

    def test_a_new_key_is_taken_at_once(self, authenticator: JwtAuthenticator, path: Path, clock: ManualClock) -> None:
        text = token(clock, self.NEW, {"alg": "RS256", "kid": "rsa-2"})
        assert refused(authenticator, text)

        self.replace(path, json.dumps({"keys": [public(RSA), public(self.NEW)]}))

        assert authenticator.authenticate(text).user_id == "user@example.com"
        authenticator.authenticate(token(clock))

    def test_a_key_taken_out_opens_nothing_any_more(
        self, authenticator: JwtAuthenticator, path: Path, clock: ManualClock
    ) -> None:
        known = token(clock, exp=4_000_000_000)
        authenticator.authenticate(known)

        self.replace(path, json.dumps({"keys": [public(self.NEW)]}))
        clock.advance(timedelta(seconds=LOOK_SECONDS))
        assert refused(authenticator, token(clock, aud="somebody else"))

        clock.advance(timedelta(seconds=REMEMBER_SECONDS))
        assert refused(authenticator, known)

    @pytest.mark.parametrize("content", ["", '{"keys": [{"kty": "RSA", "n"', '{"keys": []}', None, b"\xff"])
    def test_half_a_file_keeps_the_last_good_keys(
        self, authenticator: JwtAuthenticator, path: Path, clock: ManualClock, content: str | bytes | None
    ) -> None:
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        clock.advance(timedelta(seconds=LOOK_SECONDS))

        authenticator.authenticate(token(clock))
        path.write_text(json.dumps({"keys": [public(self.NEW)]}))
        clock.advance(timedelta(seconds=LOOK_SECONDS))

        authenticator.authenticate(token(clock, self.NEW, {"alg": "RS256", "kid": "rsa-2"}))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"keys": []}',
        '{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}',
        '{"keys": [1]}',
    ],
)
def test_a_wrong_jwks_file_is_named(tmp_path: Path, clock: ManualClock, content: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(content)

    with pytest.raises(SettingsError, match=r"jwks\.json"):
        local_keys(path, clock)
    with pytest.raises(SettingsError, match=r"absent\.json"):
        local_keys(tmp_path / "absent.json", clock)


def test_permissions_are_patterns() -> None:
    caller = Caller("d", "u", permissions=("inventory.Collector.*", "inventory.Job.get"))

    caller.check_permission("inventory.Collector.collect")
    caller.check_permission("inventory.Job.get")
    with pytest.raises(PermissionDeniedError):
        caller.check_permission("inventory.Job.list")
    with pytest.raises(PermissionDeniedError):
        Caller("d", "u", permissions=()).check_permission("inventory.Job.list")
