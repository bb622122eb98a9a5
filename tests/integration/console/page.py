"""A browser without scripts: it keeps cookies, follows what it is told, sends forms, and reads pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self

import httpx

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


class _Outline(HTMLParser):
    """Checks that tags nest, and gathers text, links and forms."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


@dataclass
class Page:
    """A page that was answered.

    Attributes:
        status: HTTP's.
        headers: of the answer.
        html: as it was sent.
        text: what it says, blanks collapsed.
        tags: its elements with their attributes.
    """

    status: int
    headers: httpx.Headers
    html: str
    text: str = ""
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @classmethod
    def of(cls, response: httpx.Response) -> Page:
        """Read an answer; its tags must nest."""
        outline = _Outline()
        outline.feed(response.text)
        outline.close()
        assert not [tag for tag in outline.open if tag not in {"p", "li"}], outline.open
        text = re.sub(r"\s+", " ", " ".join(outline.text))
        return cls(response.status_code, response.headers, response.text, text, outline.tags)

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """Return the attributes of each element of a kind."""
        return [
            found
            for name, found in self.tags
            if name == tag and all(found.get(key) == value for key, value in attributes.items())
        ]

    @property
    def links(self) -> list[str]:
        """Where the page leads."""
        return [each["href"] for each in self.all("a") if "href" in each]

    @property
    def csrf(self) -> str:
        """The token that its forms send."""
        return self.all("input", name="csrf")[0]["value"]


@dataclass
class Browser:
    """Visits pages."""

    client: httpx.Client

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        kind: type[BaseException] | None
        error: BaseException | None
        trace: TracebackType | None
        kind, error, trace = raised
        self.client.__exit__(kind, error, trace)

    def get(self, path: str, **options: Any) -> Page:
        """Open a page."""
        return Page.of(self.client.get(path, **options))

    def post(self, path: str, fields: dict[str, str] | None = None, *, csrf: str | None = None, **options: Any) -> Page:
        """Send a form as a page of this session does, and follow where it leads."""
        token = self.get("/login").csrf if csrf is None else csrf
        response = self.client.post(path, data={"csrf": token, **(fields or {})}, follow_redirects=True, **options)
        return Page.of(response)
