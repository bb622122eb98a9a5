"""What a browser keeps between visits, and the check that a write comes from a page of this console.

It is stored in cookies that scripts cannot read and other sites do not send (``HttpOnly``, ``SameSite=Strict``), so
gateways keep no sessions. The CSRF token is derived from a random cookie: a page of another site knows neither.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "inventory_session"
TOKEN: Final = "inventory_token"  # noqa: S105 (the name of a cookie)
DOMAIN: Final = "inventory_domain"
THEME: Final = "inventory_theme"
FLASH: Final = "inventory_flash"
THEMES: Final = ("light", "dark")

MAX_TOKEN: Final = 16 * 1024
_PART: Final = 3_500
"""Characters of a token per cookie: browsers reject cookies larger than 4 KB."""
_PARTS: Final = -(-MAX_TOKEN // _PART)
_YEAR_SECONDS: Final = 365 * 24 * 3600
_FLASH_SECONDS: Final = 30
_RANDOM: Final = re.compile(r"[0-9a-f]{32}")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_NOT_IN_COOKIES: Final = re.compile(r"[\s\",;\\]")


@dataclass(frozen=True, slots=True)
class Session:
    """Who visits.

    Attributes:
        key: a random key of this browser; new if the request had none.
        is_new: whether the key must be sent to the browser.
        token: the API token, empty without one.
        domain_id: the domain chosen by the visitor; empty for none.
        theme: ``light``, ``dark``, or empty for the system's preference.
        flash: the message of the last action, shown once.
    """

    key: str
    is_new: bool
    token: str
    domain_id: str
    theme: str
    flash: str

    @property
    def csrf(self) -> str:
        """The token that every form of this session must send."""
        return hmac.new(self.key.encode(), b"csrf", hashlib.sha256).hexdigest()[:40]

    def accepts(self, given: str) -> bool:
        """Return whether ``given`` is this session's CSRF token."""
        return not self.is_new and hmac.compare_digest(self.csrf.encode(), given.encode())


def session_of(request: Request) -> Session:
    """Return the session stored in a request's cookies."""
    cookies = request.cookies
    key = cookies.get(SESSION, "")
    known = _RANDOM.fullmatch(key) is not None
    token = "".join(cookies.get(f"{TOKEN}_{number}", "") for number in range(_PARTS))
    theme = cookies.get(THEME, "")
    return Session(
        key=key if known else secrets.token_hex(16),
        is_new=not known,
        token=token if is_token(token) else "",
        domain_id=unquote(cookies.get(DOMAIN, ""))[:64],
        theme=theme if theme in THEMES else "",
        flash=unquote(cookies.get(FLASH, ""))[:500],
    )


def is_token(text: str) -> bool:
    """Return whether ``text`` can be a token: printable ASCII without blanks or anything cookies cannot hold."""
    return len(text) <= MAX_TOKEN and bool(_TOKEN.fullmatch(text)) and not _NOT_IN_COOKIES.search(text)


def is_same_origin(request: Request) -> bool:
    """Return whether a request comes from a page of this origin, according to the browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("Host", "")


def keep(response: Response, request: Request, session: Session) -> None:
    """Set missing cookies, and remove the message that was shown."""
    if session.is_new:
        _set(response, request, SESSION, session.key)
    if session.flash and FLASH not in _set_names(response):
        response.delete_cookie(FLASH)


def log_in(response: Response, request: Request, token: str) -> None:
    """Keep a token until the browser is closed, with a new session key."""
    log_out(response)
    _set(response, request, SESSION, secrets.token_hex(16))
    for number, start in enumerate(range(0, len(token), _PART)):
        _set(response, request, f"{TOKEN}_{number}", token[start : start + _PART])


def log_out(response: Response) -> None:
    """Forget token and domain."""
    for number in range(_PARTS):
        response.delete_cookie(f"{TOKEN}_{number}")
    response.delete_cookie(DOMAIN)


def choose_domain(response: Response, request: Request, domain_id: str) -> None:
    """Remember the domain; an empty one is forgotten."""
    if domain_id:
        _set(response, request, DOMAIN, quote(domain_id))
    else:
        response.delete_cookie(DOMAIN)


def choose_theme(response: Response, request: Request, theme: str) -> None:
    """Remember the theme; an unknown one means the system's preference."""
    if theme in THEMES:
        _set(response, request, THEME, theme, seconds=_YEAR_SECONDS)
    else:
        response.delete_cookie(THEME)


def flash(response: Response, request: Request, text: str) -> None:
    """Show ``text`` on the next page."""
    _set(response, request, FLASH, quote(text[:400]), seconds=_FLASH_SECONDS)


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified, for display only; empty if it is invalid."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _set(response: Response, request: Request, name: str, value: str, *, seconds: int | None = None) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=secure)


def _set_names(response: Response) -> set[str]:
    return {value.partition("=")[0] for key, value in response.headers.items() if key == "set-cookie"}
