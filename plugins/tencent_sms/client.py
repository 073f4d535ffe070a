"""One call of SendSms with the official SDK, and what its answer means for the message."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient
from urllib3.exceptions import NewConnectionError

ENDPOINT = "https://sms.tencentcloudapi.com"
TIMEOUT = 8  # seconds, to connect and between two pieces of the answer

# cloud.tencent.com/document/product/382/55981: what each family of codes says about the message.
_LATER = {"LimitExceeded", "RequestLimitExceeded"}
_REJECTED = {
    "AuthFailure",
    "FailedOperation",
    "InvalidParameter",
    "InvalidParameterValue",
    "MissingParameter",
    "UnauthorizedOperation",
    "UnknownParameter",
    "UnsupportedOperation",
}


@dataclass(frozen=True, kw_only=True)
class Account:
    """The district's account at Tencent Cloud."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_id: str
    sign: str
    region: str


def send(
    account: Account,
    phone: str,
    template_id: str,
    params: list[str],
    *,
    endpoint: str = ENDPOINT,
    timeout: int = TIMEOUT,
) -> str:
    """Send one message; return ``sent``, ``rejected: code``, ``later: code`` or ``unknown: code``."""
    request = SendSmsRequest()
    request.PhoneNumberSet = [phone if phone.startswith("+") else f"+86{phone}"]
    request.SmsSdkAppId = account.app_id
    request.SignName = account.sign
    request.TemplateId = template_id
    request.TemplateParamSet = params
    try:
        answer = _client(account, endpoint, timeout).SendSms(request)
        status = answer.SendStatusSet[0]
    except TencentCloudSDKException as error:
        return _never_left(error) or outcome(error.get_code() or "")
    except Exception as error:  # an answer of another shape: it may have been sent
        return f"unknown: {type(error).__name__}"
    return "sent" if status.Code == "Ok" else outcome(status.Code or "")


def outcome(code: str) -> str:
    """Translate an error code, of the call or of one number."""
    family = code.partition(".")[0]
    if family in _LATER:
        return f"later: {code}"
    if family in _REJECTED:
        return f"rejected: {code}"
    # InternalError, ServerNetworkError (5xx), ClientNetworkError (time-outs too) and whatever else the SDK
    # makes of a broken answer: the message may be on its way.
    return f"unknown: {code or 'no code'}"


def _never_left(error: TencentCloudSDKException) -> str | None:
    """Return ``later`` when no connection came about; the SDK keeps the cause as the context only."""
    cause = error.__context__
    if isinstance(cause, requests.ConnectTimeout):
        return "later: no connection"
    if isinstance(cause, requests.ConnectionError):
        reason = getattr(cause.args[0] if cause.args else None, "reason", None)
        if isinstance(reason, NewConnectionError):
            return "later: no connection"
    return None


def _client(account: Account, endpoint: str, timeout: int) -> SmsClient:
    place = urlsplit(endpoint)
    profile = ClientProfile(
        signMethod="TC3-HMAC-SHA256",
        httpProfile=HttpProfile(protocol=place.scheme, endpoint=place.netloc, reqTimeout=timeout),
    )
    return SmsClient(Credential(account.secret_id, account.secret_key), account.region, profile)
