"""Learn a payer's openid through the service account (snsapi_base: silent, nothing but the openid).

WeChat's OAuth is not OIDC: errors come with HTTP 200, and the secret travels in the query. Source:
developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import requests

from portal.api import Http, Ok, Outcome, RejectCategory, Rejected, Unknown

AUTHORIZE_URL = "https://open.weixin.qq.com/connect/oauth2/authorize"
API_URL = "https://api.weixin.qq.com"

_CONFIG_ERRORS = frozenset({40001, 40013, 40125, 40164, 41002, 41004, 48001})
_BUSY_ERRORS = frozenset({-1, 45009, 45011})


class _HideSecrets(logging.Filter):
    """Keep the one URL that carries a secret out of urllib3's debug log."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "/sns/oauth2/" not in record.getMessage()


logging.getLogger("urllib3.connectionpool").addFilter(_HideSecrets())


class OAuth:
    """One service account. Base addresses are handed in, so that the demo uses the same code."""

    def __init__(
        self,
        *,
        appid: str,
        secret: str,
        http: Http,
        authorize_url: str = AUTHORIZE_URL,
        api_url: str = API_URL,
        timeout: tuple[float, float] = (3.0, 10.0),
    ) -> None:
        self.appid, self._secret, self.http = appid, secret, http
        self.authorize_url, self.api_url, self.timeout = authorize_url, api_url, timeout

    def url(self, *, return_url: str, state: str) -> str:
        """Return where to send the browser. Parameter order and the fragment are WeChat's own."""
        query = urlencode(
            {
                "appid": self.appid,
                "redirect_uri": return_url,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": state,
            }
        )
        return f"{self.authorize_url}?{query}#wechat_redirect"

    def openid(self, code: str) -> Outcome[str]:
        """Exchange a code (single use, five minutes) for the openid."""
        try:
            with self.http.request(
                "GET",
                f"{self.api_url}/sns/oauth2/access_token",
                params={
                    "appid": self.appid,
                    "secret": self._secret,
                    "code": code,
                    "grant_type": "authorization_code",
                },
                timeout=self.timeout,
                allow_redirects=False,
            ) as response:
                if response.status_code != 200:
                    return Unknown(cause=f"status_{response.status_code}")
                data = response.json()
        except requests.Timeout:
            return Unknown(cause="timeout")
        except requests.RequestException:  # its text holds the URL and with it the secret: never logged
            return Unknown(cause="connection")
        if not isinstance(data, dict):
            return Unknown(cause="not_json")
        return _read(data)


def _read(data: dict[str, object]) -> Outcome[str]:
    errcode = data.get("errcode", 0)
    if errcode in _BUSY_ERRORS:
        return Unknown(cause=f"errcode_{errcode}")
    if errcode:
        category = RejectCategory.CONFIG if errcode in _CONFIG_ERRORS else RejectCategory.OTHER
        return Rejected(code=str(errcode)[:16], category=category)
    openid = data.get("openid")
    if isinstance(openid, str) and openid:
        return Ok(openid)
    return Unknown(cause="fields")
