"""Make the demo an installation of its own: settings and fresh secrets in its folder."""

from __future__ import annotations

import json
import os

from portal.config import new_secrets
from portal.demo.place import Place

_SETTINGS = """\
# The demo's settings; made by `portal demo`, safe to read, not to share: it holds secrets.
env = "production"
demo = true
tls = false
data_dir = {folder}
site_name = "党群服务中心服务平台（演示）"
help_phone = "0000-12345678"
codes_a_minute = 6
codes_a_day = 200
"""


def prepare(here: Place) -> bool:
    """Make the folder and its settings unless they are there; tell whether they are new."""
    here.folder.mkdir(parents=True, exist_ok=True)
    if here.settings.exists():
        return False
    # JSON writes a string as TOML does.
    text = _SETTINGS.format(folder=json.dumps(str(here.folder), ensure_ascii=False)) + new_secrets()
    draft = here.settings.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(here.settings)
    return True
