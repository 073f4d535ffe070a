"""The official SDK against a local stub: every answer becomes the right one of four outcomes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from plugins.tencent_sms import client, plugin
from plugins.tencent_sms.plugin import deliver, template_ids
from portal.api import Message, settings, transaction

ACCOUNT = client.Account(
    secret_id="AKIDexample", secret_key="example", app_id="1400000000", sign="试验", region="ap-guangzhou"
)


class Stub:
    """Answers like the gateway, in the way the test wants."""

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = number("Ok")
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.seen.append((dict(self.headers), body))
                stub.answer(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


def reply(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def number(code: str) -> Callable[[BaseHTTPRequestHandler], None]:
    status = {"SerialNo": "1", "PhoneNumber": "+8610012345678", "Fee": 1, "Code": code, "Message": code}
    return reply(200, json.dumps({"Response": {"SendStatusSet": [status], "RequestId": "r"}}).encode())


def call(code: str) -> Callable[[BaseHTTPRequestHandler], None]:
    error = {"Code": code, "Message": "m"}
    return reply(200, json.dumps({"Response": {"Error": error, "RequestId": "r"}}).encode())


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.server.shutdown()
    made.server.server_close()


def send(stub: Stub, **options: Any) -> str:
    return client.send(ACCOUNT, "10012345678", "77", ["123456", "10"], endpoint=stub.endpoint, **options)


def test_message_reaches_the_gateway_signed_and_whole(stub: Stub) -> None:
    assert send(stub) == "sent"
    ((headers, body),) = stub.seen
    assert body == {
        "PhoneNumberSet": ["+8610012345678"],
        "SmsSdkAppId": "1400000000",
        "SignName": "试验",
        "TemplateId": "77",
        "TemplateParamSet": ["123456", "10"],
    }
    assert headers["Authorization"].startswith("TC3-HMAC-SHA256 Credential=AKIDexample/")
    assert (headers["X-TC-Action"], headers["X-TC-Region"]) == ("SendSms", "ap-guangzhou")
    assert "example" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            number("FailedOperation.PhoneNumberInBlacklist"),
            "rejected: FailedOperation.PhoneNumberInBlacklist",
        ),
        (
            number("InvalidParameterValue.IncorrectPhoneNumber"),
            "rejected: InvalidParameterValue.IncorrectPhoneNumber",
        ),
        (
            number("LimitExceeded.PhoneNumberThirtySecondLimit"),
            "later: LimitExceeded.PhoneNumberThirtySecondLimit",
        ),
        (number("InternalError.Timeout"), "unknown: InternalError.Timeout"),
        (call("RequestLimitExceeded"), "later: RequestLimitExceeded"),
        (call("AuthFailure.SignatureFailure"), "rejected: AuthFailure.SignatureFailure"),
        (
            call("UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
            "rejected: UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        ),
        (call("InternalError.OtherError"), "unknown: InternalError.OtherError"),
        (reply(500, b"oops"), "unknown: ServerNetworkError"),
        (reply(200, b"<html>not json"), "unknown: JSONDecodeError"),
        (reply(200, b'{"Response": {"SendStatusSet": [], "RequestId": "r"}}'), "unknown: IndexError"),
    ],
)
def test_answer_becomes_an_outcome(stub: Stub, answer: Any, outcome: str) -> None:
    stub.answer = answer
    assert send(stub) == outcome
    assert len(stub.seen) == 1  # the SDK does not try again by itself


def test_gateway_that_hangs_costs_its_time_out_and_is_unknown(stub: Stub) -> None:
    stub.answer = hang
    began = time.monotonic()
    assert send(stub, timeout=1) == "unknown: ClientNetworkError"
    assert time.monotonic() - began < 2.5


def test_no_connection_at_all_is_tried_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert client.send(ACCOUNT, "10012345678", "77", [], endpoint=endpoint) == "later: no connection"


def test_templates_are_read_leniently() -> None:
    text = "identity.code = 77\n\ndues.reminder＝78\nnonsense\n"
    assert template_ids(text) == {"identity.code": "77", "dues.reminder": "78"}


def test_channel_uses_the_districts_own_account(app: Any, world: Any, stub: Stub, monkeypatch: Any) -> None:
    monkeypatch.setitem(deliver.__globals__, "send", _at(stub))
    district = world.district()
    here = world.ref(district)
    message = Message(
        phone="10012345678",
        template="identity.code",
        title="t",
        body="b",
        params={"code": "123456", "minutes": "10"},
    )
    assert deliver(message, here) == "rejected: not set up"
    values = {"secret_id": "AKIDown", "secret_key": "k", "app_id": "14", "sign": "试验"}
    with transaction():
        for name, value in values.items():
            settings.put(district.id, f"tencent_sms.{name}", value, by=None)
    assert deliver(message, here) == "rejected: not set up"  # no template at all
    with transaction():
        settings.put(district.id, "tencent_sms.templates", "dues.reminder=78", by=None)
    assert deliver(message, here) == "rejected: no template for identity.code"
    with transaction():
        settings.put(district.id, "tencent_sms.templates", "identity.code=77", by=None)
    assert deliver(message, here) == "sent"
    assert "Credential=AKIDown/" in stub.seen[0][0]["Authorization"]
    assert deliver(message, None) == "rejected: no district"
    assert deliver(Message(template="x", title="", body=""), here) == "rejected: no phone number"


def _at(stub: Stub) -> Callable[..., str]:
    return lambda *arguments: client.send(*arguments, endpoint=stub.endpoint)


@pytest.mark.parametrize("missing", ["", "secret_id", "secret_key", "app_id", "sign", "templates"])
def test_channel_lacks_something_until_all_of_it_is_set_up(app: Any, world: Any, missing: str) -> None:
    above = world.district()
    here = world.ref(above)
    (channel,) = plugin.notice_channels(district=here)
    assert (channel.key, channel.at_most_once) == ("sms", True)
    assert str(channel.lacking) == "本地还没有开通短信服务。"
    set_up(above, without=missing)
    (channel,) = plugin.notice_channels(district=here)
    assert bool(channel.lacking) == bool(missing)


def set_up(district: Any, *, without: str = "") -> None:
    values = {"secret_id": "AKIDown", "secret_key": "k", "app_id": "14", "sign": "试验", "templates": "a=1"}
    with transaction():
        for name, value in values.items():
            if name != without:
                settings.put(district.id, f"tencent_sms.{name}", value, by=None)


def test_what_is_not_set_up_is_not_offered_and_the_page_says_why(app: Any, world: Any) -> None:
    app.config["DEMO"] = False
    here = world.district()
    browser = world.browser(world.account(world.member(world.organization(here)), phone="10012340000"))
    path = f"/d/{here.code}/me/notices/choices"
    page = browser.get(path).get_data(as_text=True)
    assert "短信现在用不了：本地还没有开通短信服务。" in page and 'value="sms"' not in page
    assert browser.post(path, data={"result": "sms", "reminder": "sms"}).status_code == 422
    set_up(here)
    page = browser.get(path).get_data(as_text=True)
    assert "现在用不了" not in page and 'value="sms"' in page
    assert browser.post(path, data={"result": "sms", "reminder": "inside"}).status_code == 303
