"""What this plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from portal.api import AccountField, DistrictRef, Flow, Plugin, ProviderSpec, hookimpl
from portal.api import lazy_gettext as _

from .provider import OfflinePayment


class OfflinePaymentPlugin(Plugin):
    """Cash, POS and transfers."""

    slug = "offline_payment"
    name = _("现金和转账登记")
    description = _("当面交的现金、刷卡或转账，由一位同志登记、另一位核对后入账")
    order = 220
    version = "0.1.0"
    on_by_default = True

    @hookimpl
    def payment_providers(self, district: DistrictRef) -> Iterable[ProviderSpec]:
        """Return the way to pay that has no channel."""
        return [
            ProviderSpec(
                id="offline_payment",
                label=_("现金或转账"),
                flows=frozenset({Flow.OFFLINE}),
                can_close=False,
                flow_for=lambda user_agent: Flow.OFFLINE,
                factory=lambda account, http, clock: OfflinePayment(account),
                fields=(
                    AccountField(
                        name="means", label=_("收款方式"), help=_("cash（现金）、pos（刷卡机）、bank（转账）")
                    ),
                ),
            )
        ]


plugin = OfflinePaymentPlugin()
