"""The portal in a process of its own, which a fail point may kill: serve, or carry out one verb.

``python -m tests.payments.portal_process DATA URL serve PORT | VERB ARGUMENTS...``
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from portal import payments
from portal.app import create_app
from portal.database import everything, session
from portal.payments.contract import Flow
from portal.payments.models import MerchantAccount
from portal.payments.purpose import PayLine
from portal.testing import settings
from tests.payments.fees import TestFees


def build(data: str, url: str):
    app = create_app(settings(Path(data), public_url=url))
    app.extensions["portal.registry"]._admit("testfees", TestFees())
    return app


def start(token: str, account_id: str, member_id: str, payer_id: str, *references: str) -> str:
    attempt = payments.start_attempt(
        account=session.get_one(MerchantAccount, int(account_id)),
        member_id=int(member_id),
        lines=[PayLine(reference=reference, amount_fen=2000) for reference in references],
        flow=Flow.QR,
        form_token=token,
        payer_account_id=int(payer_id),
    )
    return attempt.uid


def create(uid: str) -> str:
    return payments.send_create(payments.by_uid(uid)).state


def check(uid: str) -> str:
    return payments.check_attempt(payments.by_uid(uid)).state


def close(uid: str) -> str:
    return payments.close_attempt(payments.by_uid(uid)).state


def burst(app, at: str, path: str, message: str, threads: int = 5) -> None:
    """Send one captured callback from several threads at the same instant."""
    kept = json.loads(Path(message).read_text())
    client, answers = app.test_client, []

    def send() -> None:
        mine = client()
        time.sleep(max(0.0, float(at) - time.time()))
        answers.append(mine.post(path, data=kept["body"].encode(), headers=kept["headers"]).status_code)

    running = [threading.Thread(target=send) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(json.dumps(answers))


def serve(app, port: str) -> None:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", int(port), app, threaded=True)
    print("ready", flush=True)
    server.serve_forever()


VERBS = {"start": start, "create": create, "check": check, "close": close}


def main() -> None:
    data, url, verb, *arguments = sys.argv[1:]
    app = build(data, url)
    if verb == "serve":
        serve(app, *arguments)
    elif verb == "burst":
        burst(app, *arguments)
    else:
        with app.app_context(), everything():
            print(VERBS[verb](*arguments))


if __name__ == "__main__":
    main()
