"""The overview is ready when the first visitor asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from jinja2 import Environment, meta

from inventory.console.rendering import compile_first_page, environment
from inventory.gateway import app as gateway
from inventory.settings import Settings


def _compiled(templates: Environment) -> set[str]:
    assert templates.cache is not None
    return {name for _, name in templates.cache}


def _named(templates: Environment, name: str) -> Iterator[str]:
    """Yield a template and all that it extends, imports or includes."""
    yield name
    assert templates.loader is not None
    source, _, _ = templates.loader.get_source(templates, name)
    for each in meta.find_referenced_templates(templates.parse(source)):
        if each is not None:
            yield from _named(templates, each)


def test_all_that_the_overview_consists_of_is_compiled_and_little_else() -> None:
    templates = environment.__wrapped__()
    parts = [name for name in templates.list_templates() if name.startswith("overview/")]
    assert parts
    assert _compiled(templates) == set()

    compile_first_page(templates)

    wanted = {each for name in ("overview.html", "part.html", *parts) for each in _named(templates, name)}
    assert _compiled(templates) == wanted


def test_the_gateway_compiles_it_beside_its_first_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Environment] = []
    monkeypatch.setattr(gateway, "compile_first_page", compiled.append)
    app = gateway.build_app(Settings(gateway_upstream="127.0.0.1:1"))

    async def run() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(run())
    assert compiled == [environment()]
