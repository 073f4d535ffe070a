"""What the plugin contributes: one channel and its settings."""

from __future__ import annotations

from collections.abc import Iterable

from plugins.tencent_sms.client import Account, send
from portal.api import Channel, DistrictRef, Message, Plugin, Setting, hookimpl, settings
from portal.api import lazy_gettext as _l


class TencentSms(Plugin):
    """Text messages through Tencent Cloud."""

    slug = "tencent_sms"
    name = _l("腾讯云短信")
    description = _l("用腾讯云发送验证码和提醒短信")
    order = 80
    version = "0.1.0"

    @hookimpl
    def register_settings(self) -> Iterable[Setting]:
        return SETTINGS

    @hookimpl
    def notice_channels(self, district: DistrictRef) -> Iterable[Channel]:
        lacking = "" if account_of(district) else _l("本地还没有开通短信服务。")
        # A text message costs money and alarms people: never twice by itself.
        sms = Channel(key="sms", label=_l("短信"), send=deliver, order=10, at_most_once=True, lacking=lacking)
        return [sms]


SETTINGS = (
    Setting(key="tencent_sms.secret_id", label=_l("密钥编号 SecretId"), default="", secret=True),
    Setting(key="tencent_sms.secret_key", label=_l("密钥 SecretKey"), default="", secret=True),
    Setting(key="tencent_sms.app_id", label=_l("短信应用编号 SdkAppId"), default=""),
    Setting(
        key="tencent_sms.sign", label=_l("短信签名"), default="", help=_l("审核通过的签名内容，不是编号")
    ),
    Setting(key="tencent_sms.region", label=_l("地域"), default="ap-guangzhou"),
    Setting(
        key="tencent_sms.templates",
        label=_l("短信模板"),
        default="",
        help=_l("一行一个：消息名=模板编号，例如 identity.code=1234567"),
        multiline=True,
    ),
)


def deliver(message: Message, district: DistrictRef | None) -> str:
    """Send one message with the account of its district; return ``sent``, ``rejected: …`` and so on."""
    if district is None:
        return "rejected: no district"
    if not message.phone:
        return "rejected: no phone number"
    found = account_of(district)
    if found is None:
        return "rejected: not set up"
    account, templates = found
    template_id = templates.get(message.template)
    if template_id is None:
        return f"rejected: no template for {message.template}"
    return send(account, message.phone, template_id, list(message.params.values()))


def account_of(district: DistrictRef) -> tuple[Account, dict[str, str]] | None:
    """Return a district's account and its templates, or None as long as something of them is missing."""
    value = {setting.key.partition(".")[2]: settings.get(district, setting.key) for setting in SETTINGS}
    templates = template_ids(value.pop("templates"))
    return (Account(**value), templates) if templates and all(value.values()) else None


def template_ids(text: str) -> dict[str, str]:
    """Read ``message=template id`` lines; what is not such a line is left out."""
    pairs = (line.partition("=") for line in text.replace("＝", "=").splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip() and value.strip()}


plugin = TencentSms()
