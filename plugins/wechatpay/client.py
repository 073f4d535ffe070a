"""Call WeChat Pay and say honestly what came of it: done, refused, or not known."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from urllib3.exceptions import MaxRetryError, NewConnectionError

from portal.api import Clock, Http, Rejected, Unknown

from . import errors, keys, signing

HOSTS = ("https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com")
TIMEOUT = (3.0, 10.0)  # seconds to connect, seconds between two bytes
MAX_REPLY = 1 << 20  # bytes; the largest reply we ask for is a list of certificates
MAX_SECONDS = 20.0  # for a whole reply, however slowly it drips

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A verified 2xx reply."""

    status: int
    data: dict[str, Any]
    raw: bytes


class Client:
    """One merchant's connection to WeChat Pay.

    Hosts, clock, session and time-outs are handed in, so that tests and the demo use the same code as
    production. Nothing personal and no secret is logged: operation, merchant number, code or cause.
    """

    def __init__(
        self,
        *,
        mchid: str,
        serial: str,
        key: RSAPrivateKey,
        apiv3_key: str,
        platform: keys.PlatformKeys,
        http: Http,
        clock: Clock,
        hosts: tuple[str, ...] = HOSTS,
        timeout: tuple[float, float] = TIMEOUT,
        nonce: Callable[[], str] = signing.new_nonce,
    ) -> None:
        self.mchid, self.serial, self.key, self.apiv3_key = mchid, serial, key, apiv3_key
        self.platform, self.http, self.clock = platform, http, clock
        self.hosts, self.timeout, self.nonce = hosts, timeout, nonce

    def call(self, operation: str, method: str, target: str, body: Any = None) -> Reply | Rejected | Unknown:
        """Send one signed request; `target` is path and query as they go over the wire."""
        data = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        outcome = self._send(method, target, data)
        if isinstance(outcome, Unknown):
            log.warning("%s of merchant %s: unknown, %s", operation, self.mchid, outcome.cause)
        elif isinstance(outcome, Rejected):
            log.info("%s of merchant %s: rejected, %s", operation, self.mchid, outcome.code)
        return outcome

    def _send(self, method: str, target: str, data: bytes) -> Reply | Rejected | Unknown:
        for host in self.hosts:
            try:
                with self.http.request(
                    method,
                    host + target,
                    data=data or None,
                    headers=self._headers(method, target, data),
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    return self._read(response)
            except requests.ConnectionError as error:
                # A request that never left may safely go to the second site; any other may have been done.
                if not _never_sent(error):
                    return Unknown(cause="connection")
            except requests.Timeout:
                return Unknown(cause="timeout")
            except requests.RequestException:
                return Unknown(cause="broken_reply")
        return Unknown(cause="connect")

    def _headers(self, method: str, target: str, data: bytes) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "service-center-portal/wechatpay",
            "Authorization": signing.authorization(
                key=self.key,
                mchid=self.mchid,
                serial=self.serial,
                method=method,
                target=target,
                body=data,
                timestamp=int(self.clock.now().timestamp()),
                nonce=self.nonce(),
            ),
        }
        if self.platform.public_key_id:
            headers["Wechatpay-Serial"] = self.platform.public_key_id  # asks for replies signed with it
        return headers

    def _read(self, response: requests.Response) -> Reply | Rejected | Unknown:
        raw = _read_body(response)
        if raw is None:
            return Unknown(cause="reply_size")
        status = response.status_code
        # 429 and 202 are not a definite "not accepted" (WeChat's own advice for refunds): query first.
        if status == 429 or status == 202 or status >= 500 or 300 <= status < 400:
            return Unknown(cause=f"status_{status}")
        signed = "Wechatpay-Signature" in response.headers
        if status < 300 or signed:  # errors come unsigned; a signature that is there must still be right
            try:
                self._verify(response, raw)
            except signing.Unverified as error:
                return Unknown(cause=f"unverified_{error.reason}")
        data = _json_object(raw) if raw else {}
        if status < 300:
            return Unknown(cause="not_json") if data is None else Reply(status=status, data=data, raw=raw)
        return _rejection(status, data)

    def _verify(self, response: requests.Response, raw: bytes) -> None:
        def check() -> None:
            signing.check(response.headers, raw, find_key=self.platform.find, now=self.clock.now())

        try:
            check()
        except signing.Unverified as error:
            # Only our own calls may make us fetch certificates: a stranger's callback never does.
            if error.reason != "serial" or self.platform.public_key_id:
                raise
            self.fetch_certificates()
            check()

    def fetch_certificates(self) -> bool:
        """Fetch the platform certificates (certificate mode); returns whether any were learnt.

        The list is proven twice: by the APIv3 key each entry is sealed with, and by its own signature.
        """
        target = "/v3/certificates"
        try:
            with self.http.request(
                "GET",
                self.hosts[0] + target,
                headers=self._headers("GET", target, b""),
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                raw = _read_body(response)
                if response.status_code != 200 or raw is None:
                    return False
                found = self._open_certificates(_json_object(raw) or {})
                signing.check(response.headers, raw, find_key=found.get, now=self.clock.now())
        except (requests.RequestException, signing.Unverified, ValueError, KeyError, TypeError):
            return False
        self.platform.add(found)
        return bool(found)

    def _open_certificates(self, listing: dict[str, Any]) -> dict[str, RSAPublicKey]:
        found: dict[str, RSAPublicKey] = {}
        for entry in listing["data"]:
            sealed = entry["encrypt_certificate"]
            pem = signing.decrypt(
                self.apiv3_key,
                nonce=sealed["nonce"],
                associated_data=sealed["associated_data"],
                ciphertext=sealed["ciphertext"],
            )
            found.update(keys.certificate_keys(pem.decode()))
        return found


def _never_sent(error: requests.ConnectionError) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)


def _read_body(response: requests.Response) -> bytes | None:
    deadline = time.monotonic() + MAX_SECONDS
    raw = b""
    for chunk in response.iter_content(64 * 1024):
        raw += chunk
        if len(raw) > MAX_REPLY or time.monotonic() > deadline:
            return None
    return raw


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(raw)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _rejection(status: int, data: dict[str, Any] | None) -> Rejected | Unknown:
    """Read a 4xx. Without WeChat's own code in it, it may be any box on the way: not definite."""
    code = (data or {}).get("code")
    if not isinstance(code, str) or not code:
        return Unknown(cause=f"status_{status}")
    if errors.normalise(code) in errors.UNKNOWN:
        return Unknown(cause=code.lower())
    message = (data or {}).get("message")
    return Rejected(
        code=code[:64],
        category=errors.category(code),
        message=message[:200] if isinstance(message, str) else "",
    )
