"""Which faults can be planted: mutmut's operators over every function of a file, decorated ones included."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import CodeType

import libcst as cst
import libcst.matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

#: Nothing that a person reads is behaviour: words of exceptions and of the log are left as they are.
_LOGS = m.Call(func=m.Attribute(value=m.Name("log") | m.Name("logger")))
#: Defaults and decorators are worked out at import, assertions speak to the checker of types.
_LEFT_OUT = (cst.Annotation, cst.Decorator, cst.Raise, cst.Param, cst.Assert)


@dataclass(frozen=True)
class Mutant:
    """One fault: where it is, what stood there and what stands there now."""

    key: str
    file: str
    function: str
    line: int
    last_line: int
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class _Candidate:
    node: cst.CSTNode
    mutated: cst.CSTNode
    function: str
    first: int
    last: int
    start: int
    end: int


def sample(root: Path, files: list[str], size: int, *, seed: int) -> tuple[list[Mutant], dict[str, int]]:
    """Take ``size`` mutants of ``files`` at random, from each its share, and count what there is in each.

    A ``size`` of 0 takes all of them. The same seed takes the same sample of the same code.
    """
    read = {file: _read(root / file) for file in files}
    total = sum(len(found) for _module, found in read.values())
    chance = random.Random(seed)  # the same sample each time is the point
    taken: list[Mutant] = []
    for file, (module, found) in read.items():
        share = len(found) if not size or total <= size else -(-len(found) * size // total)
        chosen = sorted(chance.sample(range(len(found)), share))
        taken += _planted(file, module, [found[number] for number in chosen])
    return taken, {file: len(found) for file, (_module, found) in read.items()}


def _read(path: Path) -> tuple[cst.Module, list[_Candidate]]:
    wrapper = MetadataWrapper(cst.parse_module(path.read_text()))
    visitor = _Visitor()
    wrapper.visit(visitor)
    return wrapper.module, visitor.found


def _planted(file: str, module: cst.Module, chosen: list[_Candidate]) -> list[Mutant]:
    made, seen = [], set()
    old = module.code
    text = old.encode()
    for one in chosen:
        if text[one.start : one.end] == module.code_for_node(one.node).encode():
            replaced = module.code_for_node(one.mutated).encode()
            source = (text[: one.start] + replaced + text[one.end :]).decode()
        else:  # parentheses and the like: the slow way
            source = cst.ensure_type(module.deep_replace(one.node, one.mutated), cst.Module).code
        before, after = _difference(old, source)
        key = sha256(f"{file}|{one.function}|{before}|{after}".encode()).hexdigest()[:10]
        if source == old or key in seen or not _compiles(source, file):
            continue  # the same twice, or no Python
        seen.add(key)
        made.append(Mutant(key, file, one.function, one.first, one.last, before, after, source))
    return made


def code_of(mutant: Mutant, path: Path) -> dict[str, list[CodeType]]:
    """Return the code objects of the mutated function and of those within it, by qualified name."""
    found: dict[str, list[CodeType]] = defaultdict(list)
    todo = [compile(mutant.source, str(path), "exec", dont_inherit=True)]
    while todo:
        for constant in todo.pop().co_consts:
            if isinstance(constant, CodeType):
                todo.append(constant)
                name = constant.co_qualname
                if name == mutant.function or name.startswith(f"{mutant.function}.<locals>"):
                    found[name].append(constant)
    return found


def _compiles(source: str, file: str) -> bool:
    try:
        compile(source, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(old: str, new: str) -> tuple[str, str]:
    """Return the lines that differ, as one text each."""
    was, now = old.splitlines(), new.splitlines()
    start = 0
    while start < min(len(was), len(now)) and was[start] == now[start]:
        start += 1
    end = 0
    while end < min(len(was), len(now)) - start and was[-1 - end] == now[-1 - end]:
        end += 1
    return tuple(" ".join(" ".join(part[start : len(part) - end]).split()) for part in (was, now))  # type: ignore[return-value]


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Candidate] = []
        self._where: list[str] = []
        self._function: str | None = None

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _LEFT_OUT):
            return False
        if m.matches(node, _LOGS) or m.matches(node, m.Expr(value=m.SimpleString())):
            return False
        if m.matches(node, m.Call(func=m.Name("len") | m.Name("isinstance") | m.Name("cast"))):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._where.append(node.name.value)
            if isinstance(node, cst.FunctionDef) and self._function is None:
                self._function = ".".join(self._where)
        elif self._function is not None:
            self._plant(node)
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            if ".".join(self._where) == self._function:
                self._function = None
            self._where.pop()

    def _plant(self, node: cst.CSTNode) -> None:
        place = self.get_metadata(PositionProvider, node, None)
        span = self.get_metadata(ByteSpanPositionProvider, node, None)
        if place is None or span is None:
            return
        lines = place.start.line, place.end.line
        for mutated in _variants(node):
            self.found.append(
                _Candidate(node, mutated, self._function or "", *lines, span.start, span.start + span.length)
            )


def _variants(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            made = list(operator(node))
            # Of a text's three variants one: upper and lower case are noticed by whoever notices this.
            yield from made[:1] if isinstance(node, cst.SimpleString) else made
