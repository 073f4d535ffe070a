"""The contract's own promises: nothing of the portal inside, amounts and instants checked, secrets unseen."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.payments import contract, outcomes
from portal.payments.contract import (
    CreateReq,
    Flow,
    MerchantAccountInfo,
    PayInstruction,
    PaymentFact,
    RawRequest,
    Source,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("module", [contract, outcomes], ids=["contract", "outcomes"])
def test_contract_imports_only_the_standard_library_and_itself(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    own = {"portal.payments.outcomes"}
    assert names - own <= {"__future__", "collections.abc", "dataclasses", "datetime", "enum", "typing"}


@pytest.mark.parametrize("amount", [0, -1, 1.0, True, "100"])
def test_amount_that_is_not_positive_integer_fen_is_refused(amount):
    with pytest.raises(ValueError, match="fen"):
        PaymentFact(
            account="a",
            out_trade_no="D1",
            provider_txn_id="42",
            total_fen=amount,
            paid_at=NOW,
            raw_sha256="",
            source=Source.QUERY,
        )


def test_instant_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        CreateReq(
            out_trade_no="D1",
            amount_fen=1,
            description="党费",
            flow=Flow.QR,
            expires_at=NOW.replace(tzinfo=None),
            notify_url="https://portal.example/hooks/wechatpay/a/pay",
        )


def test_instruction_is_exactly_one_thing():
    with pytest.raises(ValueError, match="exactly one"):
        PayInstruction(flow=Flow.QR)
    with pytest.raises(ValueError, match="exactly one"):
        PayInstruction(flow=Flow.QR, code_url="weixin://x", redirect_url="https://x.example")


def test_secrets_and_openid_stay_out_of_repr():
    account = MerchantAccountInfo(
        slug="a",
        provider="wechatpay",
        mchid="1900000001",
        appid="wx1",
        payee_name="某委员会",
        base_url="https://pay.example",
        secrets={"apiv3_key": "do-not-show"},
    )
    assert "do-not-show" not in repr(account)
    raw = RawRequest(headers={"WECHATPAY-Serial": "X"}, body=b"do-not-show", received_at=NOW)
    assert "do-not-show" not in repr(raw)
    assert raw.header("wechatpay-serial") == "X"
    assert raw.header("absent") == ""
