"""A deployer sets the back-off; what cannot be read is refused with the name of the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.config import ConfigError
from portal.testing import settings


def test_backoff_is_set_by_the_deployer(tmp_path: Path) -> None:
    assert settings(tmp_path).flask()["JOBS_BACKOFF"] == (60, 300, 900, 3600, 21600)
    assert settings(tmp_path, jobs_backoff="1, 5,15").flask()["JOBS_BACKOFF"] == (1, 5, 15)


@pytest.mark.parametrize("bad", ["", "fast", "1;5", "-1"])
def test_backoff_that_cannot_be_read_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConfigError, match="jobs_backoff"):
        settings(tmp_path, jobs_backoff=bad).flask()
