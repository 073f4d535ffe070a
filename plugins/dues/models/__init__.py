"""The tables of the dues plugin, one file per subject. All are district scoped; sums are integer fen."""

from .assessment import DuesAssessment
from .base_sheet import DuesBaseSheet
from .cash import DuesCashDeposit, DuesCashLine, DuesCashSheet
from .consent import DuesConsent
from .obligation import DuesObligation
from .opening import DuesBranchOpening, DuesMemberOpening
from .relief import DuesRelief, DuesReliefStep
from .reminder import DuesReminder
from .voucher import DuesVoucher, DuesVoucherLine, DuesVoucherSeries

__all__ = [
    "DuesAssessment",
    "DuesBaseSheet",
    "DuesBranchOpening",
    "DuesCashDeposit",
    "DuesCashLine",
    "DuesCashSheet",
    "DuesConsent",
    "DuesMemberOpening",
    "DuesObligation",
    "DuesRelief",
    "DuesReliefStep",
    "DuesReminder",
    "DuesVoucher",
    "DuesVoucherLine",
    "DuesVoucherSeries",
]
