"""Every bad token is refused, all alike; see "Tokens" in docs/safety.md."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import tokens as module
from auth.errors import Unauthenticated
from auth.principal import Principal, Role
from auth.signing import key_id
from auth.tokens import Tokens

NOW = 1_800_000_000.0
SECRET = "the-first-secret-of-the-keyring-" + "1" * 40
OLD_SECRET = "the-second-secret-of-the-keyring-" + "2" * 40
STRANGE_SECRET = "a-secret-that-is-not-in-the-keyring-" + "3" * 40
PRINCIPAL = Principal(uuid4(), Role.COMPANY, uuid4())
EXPIRES_AT = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=2)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _pyjwt_has_our_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Frozen":
            return cls.fromtimestamp(NOW, tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Frozen)


def claims(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "iss": "purser",
        "aud": "purser",
        "sub": str(PRINCIPAL.account_id),
        "iat": int(NOW),
        "nbf": int(NOW),
        "exp": int(NOW) + 7200,
        "jti": str(PRINCIPAL.session_id),
        "role": "COMPANY",
    }
    return whole | changes


def signed(payload: dict[str, object], secret: str = SECRET, kid: object = None, alg: str = "HS256") -> str:
    header = {"kid": key_id(SECRET) if kid is None else kid}
    return jwt.encode(payload, secret, algorithm=alg, headers=header)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def without(claim: str) -> str:
    return signed({name: value for name, value in claims().items() if name != claim})


def unsigned() -> str:
    return f"{segment({'alg': 'none', 'typ': 'JWT', 'kid': key_id(SECRET)})}.{segment(claims())}."


def deeply_nested_header() -> str:
    nested = base64.urlsafe_b64encode(b"[" * 700).rstrip(b"=").decode()
    return f"{nested}.{segment(claims())}.AAAA"


BAD = {
    "alg none": unsigned(),
    "alg none, signature kept": unsigned() + signed(claims()).rpartition(".")[2],
    "another algorithm, same key": signed(claims(), alg="HS512"),
    "wrong key": signed(claims(), secret=STRANGE_SECRET),
    "wrong key under its own kid": Tokens([STRANGE_SECRET]).issue(PRINCIPAL, EXPIRES_AT),
    "unknown kid": signed(claims(), kid="00000000"),
    "kid that is no string": f"{segment({'alg': 'HS256', 'kid': [1]})}.{segment(claims())}.AAAA",
    "no kid": jwt.encode(claims(), SECRET, algorithm="HS256"),
    "expired": signed(claims(exp=int(NOW) - 1)),
    "expires now": signed(claims(exp=int(NOW))),
    "not yet valid": signed(claims(nbf=int(NOW) + 60)),
    "issued in the future": signed(claims(iat=int(NOW) + 60)),
    "wrong issuer": signed(claims(iss="someone")),
    "wrong audience": signed(claims(aud="someone")),
    "unknown role": signed(claims(role="ROOT")),
    "subject that is no id": signed(claims(sub="1")),
    "session that is no id": signed(claims(jti="1")),
    "exp that is no number": signed(claims(exp="soon")),
    **{f"without {claim}": without(claim) for claim in claims()},
    "payload changed": ".".join(
        [(parts := signed(claims()).split("."))[0], segment(claims(role="ADMIN")), parts[2]]
    ),
    "signature cut": signed(claims())[:-3],
    "overlong": signed(claims(padding="x" * 2000)),
    "empty": "",
    "dots": "..",
    "garbage": "not a token at all",
    "not ascii": "ä.ö.ü",
    "deeply nested": deeply_nested_header(),
}


def tokens(clock: Clock | None = None) -> Tokens:
    return Tokens([SECRET, OLD_SECRET], clock or Clock())


def test_an_issued_token_stands_for_its_principal() -> None:
    ours = tokens()
    assert ours.verify(ours.issue(PRINCIPAL, EXPIRES_AT)) == PRINCIPAL
    # So that what the refusals below differ in from this one is what refuses them.
    assert ours.verify(signed(claims())) == PRINCIPAL


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_bad_tokens_are_refused_all_alike(token: str) -> None:
    ours = tokens()
    for _ in range(2):
        with pytest.raises(Unauthenticated) as refusal:
            ours.verify(token)
        assert refusal.value.args == ()
        assert refusal.value.__cause__ is None


@given(
    st.text(max_size=300) | st.lists(st.text(alphabet="AQWab019-_", max_size=60), max_size=4).map(".".join)
)
def test_no_text_is_more_than_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens().verify(token)


def test_a_remembered_token_expires_all_the_same() -> None:
    clock = Clock()
    ours = tokens(clock)
    token = ours.issue(PRINCIPAL, EXPIRES_AT)
    assert ours.verify(token) == PRINCIPAL
    clock.now = EXPIRES_AT.timestamp() - 0.001
    assert ours.verify(token) == PRINCIPAL
    clock.now = EXPIRES_AT.timestamp()
    with pytest.raises(Unauthenticated):
        ours.verify(token)


def test_a_remembered_token_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tokens()
    token = ours.issue(PRINCIPAL, EXPIRES_AT)
    ours.verify(token)
    monkeypatch.setattr(jwt, "decode", None)
    assert ours.verify(token) == PRINCIPAL


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 3)
    ours = tokens()
    issued = [ours.issue(Principal(uuid4(), Role.CLIENT, uuid4()), EXPIRES_AT) for _ in range(4)]
    for token in [*issued[:3], issued[0], issued[3]]:
        ours.verify(token)
    # The least recently used went, not the oldest.
    assert list(ours._remembered) == [issued[2], issued[0], issued[3]]


def test_the_first_secret_signs_and_all_of_them_verify() -> None:
    before = Tokens([OLD_SECRET], Clock())
    rotated = Tokens([SECRET, OLD_SECRET], Clock())
    assert rotated.verify(before.issue(PRINCIPAL, EXPIRES_AT)) == PRINCIPAL
    fresh = rotated.issue(PRINCIPAL, EXPIRES_AT)
    assert jwt.get_unverified_header(fresh) == {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}
    with pytest.raises(Unauthenticated):
        before.verify(fresh)


def test_a_token_carries_the_claims_that_others_rely_on() -> None:
    token = tokens().issue(PRINCIPAL, EXPIRES_AT)
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")) == claims()
