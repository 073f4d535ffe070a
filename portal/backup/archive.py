"""One backup is one file: a compressed tar whose last member is the manifest; perhaps encrypted."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from portal.backup.manifest import Manifest
from portal.backup.sealing import Opener, Sealer, WrongKey, is_sealed

MANIFEST = "manifest.json"
DATABASE = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
FILES = "files/"
KEYS = "keys/"


class Damaged(Exception):
    """A backup that is cut off, altered or no backup; the message says where."""


class Writer:
    """Takes members one after the other and notes their digests."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, path: Path) -> list[Any]:
        """Add a file; return [bytes, SHA-256] of what was written, which may change under us meanwhile."""
        with path.open("rb") as file:
            member = self._tar.gettarinfo(arcname=name, fileobj=file)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            hashing = _Hashing(file)
            try:
                self._tar.addfile(member, hashing)
            except OSError as error:
                raise Damaged(f"{name} became shorter while it was read: {error}") from None
        return [member.size, hashing.digest()]

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest: from now on the backup is whole."""
        text = manifest.text().encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(text), 0o600
        self._tar.addfile(member, io.BytesIO(text))


@contextmanager
def writing(target: IO[bytes], key: bytes | None) -> Iterator[Writer]:
    """Open a backup to write into ``target``, sealed if there is a key."""
    sink: Any = Sealer(key, target) if key is not None else target
    with (
        gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=3, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield Writer(tar)
    if key is not None:
        sink.close()


def read(path: Path, key: bytes | None, into: Path | None = None) -> Manifest:
    """Read a whole backup, compare every digest, and unpack it below ``into`` if given.

    Raises Damaged, or WrongKey for a sealed backup.
    """
    found: dict[str, list[Any]] = {}
    manifest: Manifest | None = None
    try:
        with ExitStack() as stack:
            source: Any = stack.enter_context(path.open("rb"))
            if is_sealed(path):
                source = Opener(key, source)
            packed = stack.enter_context(gzip.GzipFile(fileobj=source))
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                for member in tar:
                    manifest = _take(tar, member, found, into)
            while packed.read(1024 * 1024):  # the trailer too: what is cut off there is noticed
                pass
    except WrongKey:
        raise
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        raise Damaged(f"{path.name} is cut off, altered, or no backup ({error})") from None
    if manifest is None:
        raise Damaged(f"{path.name} is cut off: its manifest is missing")
    _compare(path, manifest, found)
    return manifest


def _take(
    tar: tarfile.TarFile, member: tarfile.TarInfo, found: dict[str, list[Any]], into: Path | None
) -> Manifest | None:
    parts = PurePosixPath(member.name).parts
    if not member.isfile() or member.name.startswith("/") or ".." in parts or not parts:
        raise ValueError("a member that no backup has")
    content = tar.extractfile(member)
    assert content is not None
    if member.name == MANIFEST:
        return Manifest.parse(content.read().decode())
    hashing = _Hashing(content)
    if into is None:
        while hashing.read(1024 * 1024):
            pass
    else:
        target = into.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with target.open("xb") as file:
            while piece := hashing.read(1024 * 1024):
                file.write(piece)
        target.chmod(member.mode & 0o700 | 0o600)
    found[member.name] = [member.size, hashing.digest()]
    return None


def _compare(path: Path, manifest: Manifest, found: dict[str, list[Any]]) -> None:
    expected = {f"{FILES}{name}": value for name, value in manifest.files.items()}
    expected[DATABASE[manifest.dialect]] = manifest.database
    extra = {name for name in found if name not in expected and not name.startswith(KEYS)}
    wrong = sorted({name for name, value in expected.items() if found.get(name) != value} | extra)
    if wrong:
        raise Damaged(f"{path.name}: {', '.join(wrong[:5])} not as the manifest says")


def file_digest(path: Path) -> list[Any]:
    """Return [bytes, SHA-256] of a file, or an empty list when it is not there."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        hashing = _Hashing(file)
        while hashing.read(1024 * 1024):
            pass
    return [path.stat().st_size, hashing.digest()]


class _Hashing:
    """Reads through and hashes what passes."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._hash.update(piece)
        return piece

    def digest(self) -> str:
        return self._hash.hexdigest()
