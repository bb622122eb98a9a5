"""References of images."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from inventory.bootstrap.static_file import RunEntry
from inventory.standalone.images import Image, parse_image

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("a", Image("a")),
        ("host:5000/a/b", Image("host:5000/a/b")),
        ("host:5000/a:1.0", Image("host:5000/a", "1.0")),
        (f"a@{DIGEST}", Image("a", "", DIGEST)),
        (f"host:5000/a:2@{DIGEST}", Image("host:5000/a", "2", DIGEST)),
    ],
)
def test_a_reference_has_a_name_a_tag_and_a_digest(reference: str, parts: Image) -> None:
    assert parse_image(reference) == parts
    assert parts.reference == reference
    assert RunEntry(image=reference).image == reference


@pytest.mark.parametrize("image", ["-v/:/host", "--privileged", "a b", "a:", "A:1", "a:1 --rm", "a@sha256:abc", "a\n"])
def test_what_is_no_image_or_would_be_an_option_of_docker_is_refused(image: str) -> None:
    with pytest.raises(ValidationError, match="is not the reference of an image"):
        RunEntry(image=image)
