"""What this plugin contributes, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portal.api import (
    AccountField,
    DistrictRef,
    Flow,
    Plugin,
    ProviderSpec,
    hookimpl,
)
from portal.api import lazy_gettext as _

from .provider import WechatPay

_PHONE = re.compile(r"Mobile|Android|iPhone|iPad|HarmonyOS", re.IGNORECASE)

FIELDS = (
    AccountField(name="merchant_serial", label=_("商户API证书序列号"), help=_("40位十六进制数")),
    AccountField(name="private_key", label=_("商户API证书私钥"), secret=True, multiline=True),
    AccountField(name="apiv3_key", label=_("APIv3密钥"), secret=True, help=_("32个字符")),
    AccountField(
        name="public_key_id",
        label=_("微信支付公钥ID"),
        required=False,
        help=_("以PUB_KEY_ID_开头；只有老商户号可以不填，改填平台证书"),
    ),
    AccountField(name="public_key", label=_("微信支付公钥"), secret=True, required=False, multiline=True),
    AccountField(
        name="platform_certificates",
        label=_("微信支付平台证书"),
        secret=True,
        required=False,
        multiline=True,
        help=_("更换公钥期间与公钥并存，可以粘贴几张"),
    ),
    AccountField(
        name="app_secret",
        label=_("服务号AppSecret"),
        secret=True,
        required=False,
        help=_("在微信里付款（JSAPI）要用它取得付款人的openid"),
    ),
)


def flow_for(user_agent: str) -> Flow:
    """Choose by browser: inside WeChat its bridge, on a phone the H5 cashier, elsewhere a code to scan.

    WeCom names MicroMessenger too, but its users have no openid of the service account.
    """
    if "MicroMessenger" in user_agent and "wxwork" not in user_agent:
        return Flow.JSAPI
    return Flow.H5 if _PHONE.search(user_agent) else Flow.QR


class WechatPayPlugin(Plugin):
    """WeChat Pay."""

    slug = "wechatpay"
    name = _("微信支付")
    description = _("用微信交费：微信里、手机浏览器里、电脑上扫码，钱直接进本地区自己的商户号")
    order = 210
    version = "0.1.0"
    on_by_default = True

    @hookimpl
    def payment_providers(self, district: DistrictRef) -> Iterable[ProviderSpec]:
        """Return the one way to pay this plugin knows."""
        return [
            ProviderSpec(
                id="wechatpay",
                label=_("微信支付"),
                flows=frozenset({Flow.JSAPI, Flow.H5, Flow.QR}),
                can_close=True,
                flow_for=flow_for,
                factory=WechatPay,
                fields=FIELDS,
            )
        ]


plugin = WechatPayPlugin()
