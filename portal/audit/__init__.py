"""Who did what to what, when: rows nobody can change, chained by seals nobody can forge (rule K7).

``record`` writes in the business transaction; the sealer chains the rows within seconds, per district, so
that writers never queue on a chain's head; ``verify`` names a changed, missing or inserted row.
"""

from portal.audit.queries import history, newest
from portal.audit.seals import Problem, Report, heads, seal, verify
from portal.audit.service import Subject, record, record_each, record_on, record_view

__all__ = [
    "Problem",
    "Report",
    "Subject",
    "heads",
    "history",
    "newest",
    "record",
    "record_each",
    "record_on",
    "record_view",
    "seal",
    "verify",
]
