"""In which state a month is: one function, so that no verb can leave it in another."""


def state_of(*, due_fen: int, relief_fen: int, paid_fen: int) -> str:
    """Return the state of an obligation from its sums (fen)."""
    left = due_fen - relief_fen - paid_fen
    if left < 0 or min(due_fen, relief_fen, paid_fen) < 0:
        raise ValueError("a month cannot be paid or relieved beyond what is due")
    if due_fen == 0:
        return "settled"
    if left == 0:
        return "paid" if paid_fen else "waived"
    if paid_fen:
        return "partly_paid"
    return "reduced" if relief_fen else "open"
