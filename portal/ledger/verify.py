"""Prove that a book is as it was written, or name the entry that is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.database import session
from portal.ledger import chain
from portal.ledger.models import Book, Entry, LedgerAccount, Line, Seal

Change = Literal["changed", "missing", "inserted"]


@dataclass(frozen=True)
class Finding:
    """One thing wrong. ``seq`` is the number the entry has or had; ``idem`` is None when it is gone."""

    change: Change
    seq: int
    idem: str | None = None


def verify(book: Book, *, anchors: Mapping[int, str] | None = None) -> list[Finding]:
    """Return what is wrong with a book, in order; an empty list means: exactly as it was written.

    ``anchors`` are heads known from elsewhere (a printed notice), number -> hash: without one, whoever
    can recompute the whole chain goes unseen (payments.md §5.3).
    """
    seq, head = session.execute(select(Book.seq, Book.head).where(Book.id == book.id)).one()
    nodes = _nodes(book)
    known = anchors or {}
    found: list[Finding] = []
    expected, before = 1, chain.origin(book.uid)
    for position, node in enumerate(nodes):
        following = next((n.prev_hash for n in nodes[position + 1 :] if n.own), head)
        found += [Finding("missing", number) for number in range(expected, node.seq)]
        gap = node.seq > expected
        expected = node.seq + 1
        if not node.own or following == before:
            # Unsealed, or the chain passes it by.
            found.append(Finding("inserted", node.seq, node.idem))
            continue
        if node.prev_hash != before and not gap and not _reported(found, nodes, position):
            found.append(_broken_link(nodes, position, seq))
        if node.recomputed != node.own or known.get(node.seq, node.own) != node.own:
            found.append(Finding("changed", node.seq, node.idem))
        before = node.own
    found += [Finding("missing", number) for number in range(expected, seq + 1)]
    if not found and before != head:
        found.append(Finding("changed", nodes[-1].seq, nodes[-1].idem) if nodes else Finding("missing", seq))
    return found


@dataclass(frozen=True)
class _Node:
    seq: int
    idem: str
    prev_hash: str
    own: str
    recomputed: str


def _nodes(book: Book) -> list[_Node]:
    lines: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for entry_id, code, amount in session.execute(
        select(Line.entry_id, LedgerAccount.code, Line.amount_fen)
        .join(LedgerAccount, LedgerAccount.id == Line.account_id)
        .join(Entry, Entry.id == Line.entry_id)
        .where(Entry.book_id == book.id)
        .order_by(Line.entry_id, Line.position)
    ):
        lines[entry_id].append((code, amount))
    origin = aliased(Entry)
    found = session.execute(
        select(Entry, Seal.prev_hash, Seal.hash, origin.idem)
        .join(Seal, Seal.entry_id == Entry.id, isouter=True)
        .join(origin, origin.id == Entry.reverses_id, isouter=True)
        .where(Entry.book_id == book.id)
        .order_by(Entry.seq)
    )
    nodes = []
    for entry, prev_hash, own, reverses in found:
        content = chain.canonical(
            book_uid=book.uid,
            idem=entry.idem,
            kind=entry.kind,
            effective_date=entry.effective_date,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            actor=entry.actor,
            reverses=reverses,
            case_uid=entry.case_uid,
            meta=entry.meta,
            lines=lines[entry.id],
        )
        recomputed = chain.link(prev_hash, content) if own else ""
        nodes.append(_Node(entry.seq, entry.idem, prev_hash or "", own or "", recomputed))
    return nodes


def _reported(found: list[Finding], nodes: list[_Node], position: int) -> bool:
    return bool(found) and position > 0 and found[-1].seq == nodes[position - 1].seq


def _broken_link(nodes: list[_Node], position: int, seq: int) -> Finding:
    # A good entry on a foreign link: what came before was taken out and the rest renumbered, or rewritten.
    if position == 0 or len(nodes) < seq:
        return Finding("missing", nodes[position].seq)
    return Finding("changed", nodes[position - 1].seq, nodes[position - 1].idem)
