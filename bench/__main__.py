"""``python -m bench``: build a demo, serve it, measure, print a table."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from bench import house, load, money, pages


def main() -> None:
    """Measure everything; ends with 1 where the expected load is not borne.

    Aims of single pages are shown, not enforced: a busy machine is no fault of a page.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        house.built(Path(folder)) as (app, port),
        money.prepared(app, f"http://127.0.0.1:{port}") as calls,
    ):
        with house.served(app, port) as served:
            found = pages.measure(served)
            first = pages.first_load(served)
            paid = money.measure(served, calls)
        # As `portal serve` does on two cores.
        with house.running(port, dict(os.environ), workers=2, threads=4):
            asked = load.plan()
            load.measure(port, served.cookies, pages=asked, rate=load.RATE, seconds=3)  # to warm up
            borne = load.measure(port, served.cookies, pages=asked, rate=load.RATE, seconds=load.SECONDS)
    print(f"{'page':<32}{'us CPU':>8}{'bare':>8}{'ratio':>8}{'aim':>7}{'bytes':>9}{'gzip':>8}{'x least':>9}")
    for one in found:
        mark = "" if one.ratio >= one.page.aim else "  below the aim"
        print(
            f"{one.page.name:<32}{one.micros:>8.0f}{one.bare:>8.0f}{one.ratio:>8.2f}{one.page.aim:>7.2f}"
            f"{one.size:>9}{one.packed:>8}{one.against:>9.1f}{mark}"
        )
    least = statistics.median(one.yardstick for one in found)
    bare = statistics.median(one.bare for one in found)
    print(
        f"\nx least: times the cost of bench/yardstick.py, {least:.0f} us here, which itself reaches "
        f"{bare / least:.2f} of a bare reply"
    )
    print(f"\nfirst load of the landing page: {first / 1024:.0f} KB gzip (at most 100)")
    print(
        f"a verified notification takes {paid.notification:.1f} ms, a bare durable commit of one row "
        f"{paid.commit:.1f} ms: {paid.times:.1f} times (at most 5; median of {paid.count}); "
        f"the disk confirms a page in {paid.disk:.2f} ms\n"
        f"beside: by the portal's own libraries that commit takes {paid.stack:.1f} ms: "
        f"{paid.of_stack:.1f} times"
    )
    raise SystemExit(load.report(borne))


if __name__ == "__main__":
    main()
