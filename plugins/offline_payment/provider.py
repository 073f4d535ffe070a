"""A provider without a channel: nobody is called, everything is known from staff."""

from __future__ import annotations

from portal.api import (
    BadNotification,
    Closed,
    CreateReq,
    HttpReply,
    MerchantAccountInfo,
    NotFound,
    Notification,
    NotPaid,
    Ok,
    Outcome,
    PayInstruction,
    PaymentFact,
    RawRequest,
    RejectCategory,
    Rejected,
)

MEANS = ("cash", "pos", "bank")


class OfflinePayment:
    """One drawer, terminal or bank account whose money staff write down."""

    def __init__(self, account: MerchantAccountInfo) -> None:
        means = account.settings.get("means", "cash")
        if means not in MEANS:
            raise ValueError("收款方式要写 cash（现金）、pos（刷卡机）或 bank（转账）")
        self.account = account

    def create(self, req: CreateReq) -> Outcome[PayInstruction]:
        """Refuse: nobody pays here by himself; staff record what was handed over."""
        return Rejected(code="OFFLINE_ONLY", category=RejectCategory.CONFIG)

    def query(self, out_trade_no: str) -> Outcome[PaymentFact | NotPaid | Closed | NotFound]:
        """Say that no channel knows the order: the only fact is the confirmed sheet."""
        return Ok(NotFound())

    def close(self, out_trade_no: str) -> Outcome[Closed | NotFound]:
        """Say that there is nothing to close."""
        return Ok(NotFound())

    def parse_notification(self, raw: RawRequest) -> Notification:
        """Refuse every callback: no channel has the right to say that money arrived here."""
        raise BadNotification("offline accounts take no callbacks")

    def ack(self, accepted: bool, reason: str = "") -> HttpReply:
        """Word the refusal."""
        return HttpReply(status=404)
