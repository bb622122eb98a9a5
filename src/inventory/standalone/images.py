"""References of container images: NAME, NAME:TAG, or either with @DIGEST."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of a reference.

    Attributes:
        name: with its registry.
        tag: empty: none is given.
        digest: such as ``sha256:…``; it decides which image is meant, whatever the tag; empty: none is given.
    """

    name: str
    tag: str = ""
    digest: str = ""

    @property
    def reference(self) -> str:
        """The whole reference."""
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse_image(reference: str) -> Image:
    """Return the parts of a reference, which is not checked; the port of a registry is not a tag."""
    named, _, digest = reference.partition("@")
    name, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:
        name, tag = named, ""
    return Image(name, tag, digest)
