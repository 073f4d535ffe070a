"""The pytest plugin of a mutation run: which test runs which line, then one forked child for each mutant.

Everything is imported and collected once. A child puts the mutated code under the living function objects
(so that decorators, hooks and listeners keep what they hold), forgets what the portal has cached, and runs
the tests that pass the mutated line, those of the room first, the quickest first, until one fails.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import resource
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import coverage
import pytest

from tests.mutation.mutants import Mutant, code_of

#: Seconds of processor time that the tests of one mutant may take before it counts as survived.
BUDGET = 12.0
#: Seconds after which a child that only waits is ended, without a verdict.
HANGS = 1200
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timeout"
#: No test runs the line at all; or it runs only while the program is imported, before there is a mutant.
UNCOVERED, AT_IMPORT = "uncovered", "at import"
#: The runner itself went wrong: no verdict.
BROKEN = "broken"


def _all() -> list[Any]:
    gc.unfreeze()  # the tests freeze what they have imported, and the collector no longer lists it
    return gc.get_objects()


def _caches() -> list[Any]:
    found = (one for one in _all() if isinstance(one, functools._lru_cache_wrapper))
    return [one for one in found if str(one.__module__).startswith(("portal", "plugins"))]


def _forget(caches: list[Any]) -> None:
    for cache in caches:
        cache.cache_clear()
    from portal.database import scope  # not before somebody looks what runs at its import

    for kept in scope._every_kept:
        kept.clear()


class Mapper:
    """Run every test once and write down its time and the lines of the rooms that it runs."""

    def __init__(self, root: Path, files: list[str], to: Path) -> None:
        self.root, self.files, self.to = root, files, to
        self.times: dict[str, float] = {}
        self.failed: set[str] = set()
        self.coverage = coverage.Coverage(data_file=None, include=[str(root / file) for file in files])
        self.coverage.start()  # now, so that what runs at import is seen to

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        self.caches = _caches()
        result = yield
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {
            file: {
                line: [name for name in names if name not in self.failed]
                for line, names in data.contexts_by_lineno(str(self.root / file)).items()
            }
            for file in self.files
        }
        self.to.parent.mkdir(parents=True, exist_ok=True)
        self.to.write_text(json.dumps({"times": self.times, "lines": lines}))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        _forget(self.caches)  # what is built once would belong to the first test alone
        self.coverage.switch_context(item.nodeid)
        start = time.process_time()
        result = yield
        self.times[item.nodeid] = time.process_time() - start
        self.coverage.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


class Runner:
    """Plant each mutant in a forked child and note what became of it."""

    def __init__(
        self,
        root: Path,
        chosen: list[Mutant],
        known: dict[str, Any],
        own: tuple[str, ...],
        to: Path,
        workers: int,
        also: tuple[str, ...] = (),
    ) -> None:
        self.root, self.chosen, self.own, self.to, self.workers = root, chosen, own, to, workers
        self.also = also
        self.times, self.lines = known["times"], known["lines"]
        self.failed: str | None = None

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self._warm(session.items)
        self.functions = self._functions()
        self.caches = _caches()
        running: dict[int, tuple[Mutant, float]] = {}
        gc.freeze()
        for mutant in self.chosen:
            names = self._tests(mutant)
            if not names:
                self._note(mutant, AT_IMPORT if self._imported(mutant) else UNCOVERED, "")
                continue
            while len(running) >= self.workers:
                self._wait(running)
            running[self._start(mutant, names)] = mutant, time.monotonic()
        while running:
            self._wait(running)
        self._control()
        return True

    def _control(self) -> None:
        """Run every test that has killed once more without a mutant; what fails there has killed nothing."""
        rows = [json.loads(line) for line in self.to.read_text().splitlines()]
        killers = {row["by"] for row in rows if row["outcome"] == KILLED} & self.items.keys()
        broken = []
        for name in sorted(killers):
            child = os.fork()
            if not child:
                self._silence()
                _forget(self.caches)
                self._run(self.items[name])
                os._exit(1 if self.failed else 0)
            if os.waitpid(child, 0)[1]:
                broken.append(name)
        print(
            f"\ncontrol: {len(killers)} tests have killed, {len(broken)} of them without a mutant: {broken}"
        )
        kept = [row for row in rows if row["by"] not in broken]
        if broken:
            self.to.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept))

    def _warm(self, items: list[pytest.Item]) -> None:
        # Leaves the fixtures of the session standing, and nothing of any folder or module.
        self.session_alone = SimpleNamespace(listchain=lambda: [items[0].session])
        self._run(next(item for item in items if "template_data" in item.fixturenames))

    def _functions(self) -> dict[tuple[str, str], list[FunctionType]]:
        files = {str(self.root / mutant.file) for mutant in self.chosen}
        found: dict[tuple[str, str], list[FunctionType]] = defaultdict(list)
        for one in _all():
            if isinstance(one, FunctionType) and one.__code__.co_filename in files:
                found[one.__code__.co_filename, one.__code__.co_qualname].append(one)
        if self.chosen and not found:
            raise pytest.UsageError("no function of these rooms is loaded: nothing could be planted")
        return found

    def _tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that run a mutated line, those of the room first, the quickest first."""
        found = self._seen(mutant) & self.items.keys()
        if self.also:
            found |= {name for name in self.items if name.startswith(self.also)}
        first = self.also or self.own
        return sorted(found, key=lambda name: (not name.startswith(first), self._time(name)))

    def _time(self, name: str) -> float:
        return float(self.times.get(name, 0.5))

    def _imported(self, mutant: Mutant) -> bool:
        return "" in self._seen(mutant)

    def _seen(self, mutant: Mutant) -> set[str]:
        lines = self.lines[mutant.file]
        return {
            name for line in range(mutant.line, mutant.last_line + 1) for name in lines.get(str(line), ())
        }

    def _start(self, mutant: Mutant, names: list[str]) -> int:
        child = os.fork()
        if child:
            return child
        try:
            os.setpgid(0, 0)
            self._child(mutant, names)
        except BaseException as error:
            self._note(mutant, BROKEN, f"{type(error).__name__} {error}"[:200])
        finally:
            os._exit(0)

    def _child(self, mutant: Mutant, names: list[str]) -> None:
        self._silence()
        if not self._plant(mutant):
            self._note(mutant, AT_IMPORT, "")
            return
        spent = 0.0
        for name in names:
            if spent and spent + self._time(name) > BUDGET:
                continue
            spent += self._time(name)
            limit = int(time.process_time() + 5 * self._time(name) + 10)
            # Only the soft limit: the hard one cannot be raised for the next test.
            resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
            self._run(self.items[name])
            if self.failed:
                self._note(mutant, KILLED, self.failed)
                return
        # What ran at import too was not mutated there: no verdict.
        self._note(mutant, AT_IMPORT if self._imported(mutant) else SURVIVED, str(len(names)))

    def _run(self, item: pytest.Item) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.session_alone)

    def _silence(self) -> None:
        quiet = os.open(os.devnull, os.O_RDWR)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)

    def _plant(self, mutant: Mutant) -> bool:
        path = self.root / mutant.file
        planted = False
        for name, codes in code_of(mutant, path).items():
            for function in self.functions.get((str(path), name), ()):
                code: CodeType
                for code in codes:
                    if code.co_freevars == function.__code__.co_freevars:
                        function.__code__ = code
                        planted = True
        _forget(self.caches)
        return planted

    def _wait(self, running: dict[int, tuple[Mutant, float]]) -> None:
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child in running:
                mutant, _since = running.pop(child)
                if os.WIFSIGNALED(status):
                    # Only time spent counts: on a busy machine waiting says nothing about a mutant.
                    ended = signal.Signals(os.WTERMSIG(status))
                    self._note(mutant, TIMED_OUT if ended is signal.SIGXCPU else BROKEN, ended.name)
                return
            for pid, (_mutant, since) in running.items():
                if time.monotonic() - since > HANGS:
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _note(self, mutant: Mutant, outcome: str, by: str) -> None:
        row = {name: getattr(mutant, name) for name in ("key", "file", "function", "line", "before", "after")}
        with self.to.open("a") as out:
            out.write(json.dumps(row | {"outcome": outcome, "by": by}, ensure_ascii=False) + "\n")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid
