"""Work that happens after the transaction that asked for it: one table is the whole queue.

A job is written with ``enqueue`` in the business transaction, claimed by a worker with a lease and a token,
and runs at least once: its effects carry idempotency keys. Payloads hold ids, never personal data.
"""

from portal.jobs.declare import Declared, Postpone, Refuse, configure, declared, job
from portal.jobs.queries import Overview, dead, overview, queue_age
from portal.jobs.service import enqueue, retry
from portal.jobs.worker import Worker, progress, run_due

__all__ = [
    "Declared",
    "Overview",
    "Postpone",
    "Refuse",
    "Worker",
    "configure",
    "dead",
    "declared",
    "enqueue",
    "job",
    "overview",
    "progress",
    "queue_age",
    "retry",
    "run_due",
]
