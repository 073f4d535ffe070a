"""Logs say who and where by number, and never a phone, an id or a token."""

from __future__ import annotations

import io
import json
import logging

import pytest

from portal import logs
from portal.testing import World


@pytest.fixture
def written(app):
    app.config["ENV_NAME"] = "production"
    logs.configure(app)
    handler = next(one for one in logging.getLogger().handlers if one.get_name() == "portal")
    stream = io.StringIO()
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    app.config["ENV_NAME"] = "testing"
    logs.configure(app)


def test_a_line_is_json_and_holds_nothing_personal(written):
    log = logging.getLogger("portal.test")
    log.warning("phone %s id %s token %s", "10012345678", "99999919500101123X", "a" * 43)
    log.error("two\r\nlines", exc_info=ValueError("10012345678"))
    log.info("GET /c/%s.ics", "0123456789abcdef" * 2)
    first, second, third = written()
    assert third["event"] == "GET /c/[struck out].ics"
    assert first["event"] == "phone [struck out] id [struck out] token [struck out]"
    assert first["level"] == "warning" and first["logger"] == "portal.test"
    assert second["event"] == "two\\r\\nlines" and "10012345678" not in second["exception"]


@pytest.mark.parametrize("label", ["DETAIL:  Failing row contains", "描述:  失败, 行包含"])
def test_the_row_that_failed_is_not_shown(written, label):
    told = f'null value in column "name"\n{label} (1, 章某某, 莲湖路9号\n\n二楼).'
    logging.getLogger("portal.test").error("refused: %s", told, exc_info=ValueError(f"{told}\n[SQL: INSERT]"))
    [line] = written()
    assert "章某某" not in f"{line}" and "二楼" not in f"{line}"
    assert "null value" in line["exception"] and "[SQL: INSERT]" in line["exception"]


def test_a_request_has_its_number_on_the_line_and_on_the_answer(world: World, written):
    here = world.district()
    account = world.account(role="desk", district=here)

    def broken():
        logging.getLogger("portal.test").warning("in a view")
        return "x"

    broken.__access__ = world.app.view_functions["web.me"].__access__
    world.app.view_functions["web.me"] = broken
    answer = world.browser(account).get(f"/d/{here.code}/me/", headers={"X-Request-Id": "forged"})
    line = next(line for line in written() if line["event"] == "in a view")
    assert line["request_id"] == answer.headers["X-Request-Id"] != "forged"
    assert (line["district"], line["account"]) == (here.code, account.id)
