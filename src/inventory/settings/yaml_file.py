"""The YAML file of settings."""

from __future__ import annotations

from pathlib import Path

import yaml

from inventory.errors import SettingsError
from inventory.process import yaml_text


def read_yaml(path: Path) -> dict[str, object]:
    """Return the mapping in the YAML file ``path``.

    Raises:
        SettingsError: the file is absent, unreadable, not UTF-8, not YAML (with the line) or not a mapping.
    """
    try:
        content = yaml_text.load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8") from None
    except yaml.YAMLError as exc:
        # PyYAML's own message may quote the line, which may contain a password.
        said = exc.problem if isinstance(exc, yaml_text.RepeatedYamlKeyError) else "is not YAML"
        raise SettingsError(f"{path}: {yaml_text.place(exc)}{said}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: must contain a mapping at its top level, got a {type(content).__name__}")
    return content
