"""The books: sealed, append-only, zero-sum journal entries in integer fen. A library without pages."""

from portal.ledger.chart import Account, Kind
from portal.ledger.posting import LedgerError, Posted, Posting
from portal.ledger.queries import balance, balance_in, balances, entry_by_idem, find_book, lines_of
from portal.ledger.service import open_book, post, post_many, post_to, reverse
from portal.ledger.verify import Finding, verify

__all__ = [
    "Account",
    "Finding",
    "Kind",
    "LedgerError",
    "Posted",
    "Posting",
    "balance",
    "balance_in",
    "balances",
    "entry_by_idem",
    "find_book",
    "lines_of",
    "open_book",
    "post",
    "post_many",
    "post_to",
    "reverse",
    "verify",
]
