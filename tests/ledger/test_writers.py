"""Several processes write one book at once: one chain, no fork, nothing lost."""

import subprocess
import sys
import time

from portal.config import ROOT
from portal.database import session
from portal.ledger import balance, chart, verify

SCRIPT = """
import sys, time
from pathlib import Path
from tests.ledger.conftest import DAY, bare_app
from portal.database import everything, session
from portal.ledger import chart, open_book, post
path, name, at = sys.argv[1:]
app = bare_app(Path(path))
with app.app_context(), everything():
    book = open_book(district_id=1, purpose="dues")
    time.sleep(max(0, float(at) - time.time()))
    for number in range(25):
        for idem in (f"own:{name}:{number}", f"shared:{number}"):
            post(book=book, idem=idem, kind="test", effective_date=DAY, actor="system",
                 lines=[(chart.cash(1), 1), (chart.bank("dues"), -1)])
"""


def test_four_processes_write_one_chain(book, tmp_path):
    session.rollback()
    at = str(time.time() + 3)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path), name, at],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "abcd"
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    session.expire_all()
    # Four times 25 of their own, and 25 that all four wanted to write.
    assert book.seq == 125 and balance(book, chart.cash(1)) == 125
    assert verify(book) == []
