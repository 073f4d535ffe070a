"""Run the simulator: python -m paysim --data DIR --port P --ctl-port Q --portal URL [--seed N]."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from .simulator import Simulator


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m paysim", description="A stand-in for WeChat Pay.")
    parser.add_argument("--data", type=Path, required=True, help="folder for keys, database, merchants.json")
    parser.add_argument("--host", default="127.0.0.1", help="address of the public port")
    parser.add_argument("--port", type=int, required=True, help="public port: API, OAuth, cashier")
    parser.add_argument("--ctl-port", type=int, required=True, help="control port, on 127.0.0.1 only")
    parser.add_argument("--portal", required=True, help="the portal's address, the one domain registered")
    parser.add_argument("--public-url", default="", help="the address browsers use, when it is another one")
    parser.add_argument("--seed", type=int, help="make numbers and nonces the same again")
    parser.add_argument(
        "--merchant",
        action="append",
        default=[],
        metavar="SLUG=PAYEE",
        help="a merchant to keep ready; may be given several times (default: demo)",
    )
    args = parser.parse_args()
    simulator = Simulator(
        args.data,
        portal=args.portal,
        seed=args.seed,
        host=args.host,
        port=args.port,
        ctl_port=args.ctl_port,
        public_url=args.public_url,
    )
    for pair in args.merchant or ["demo=示例收款单位"]:
        slug, _, payee = pair.partition("=")
        simulator.registry.ensure(slug, payee)
    simulator.start()
    print(f"paysim: {simulator.url}  control: {simulator.ctl_url}/_ctl", flush=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    simulator.stop()


if __name__ == "__main__":
    main()
