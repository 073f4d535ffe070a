"""Fields cannot be read, altered or moved; keys can be changed; the development keys are private."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal import crypto
from portal.crypto import CryptoError, Keyring

OLD, NEW, INDEX = (crypto.generate_key() for _ in range(3))
RING = Keyring.parse(f"k1:{OLD}", INDEX)


@given(st.text())
def test_field_any_text_comes_back(text: str) -> None:
    assert RING.decrypt("member.phone", "u1", RING.encrypt("member.phone", "u1", text)) == text


@pytest.mark.parametrize(("column", "uid"), [("member.phone", "u2"), ("member.base", "u1")])
def test_field_moved_to_another_place_is_refused(column: str, uid: str) -> None:
    blob = RING.encrypt("member.phone", "u1", "10012345678")
    with pytest.raises(CryptoError):
        RING.decrypt(column, uid, blob)


def test_field_any_altered_byte_is_refused() -> None:
    blob = RING.encrypt("member.phone", "u1", "10012345678")
    for position in range(len(blob)):
        altered = bytearray(blob)
        altered[position] ^= 1
        with pytest.raises(CryptoError):
            RING.decrypt("member.phone", "u1", bytes(altered))
    for junk in (b"", b"\x02k1", blob[:10]):
        with pytest.raises(CryptoError):
            RING.decrypt("member.phone", "u1", junk)


def test_keys_first_encrypts_and_old_ones_still_decrypt() -> None:
    blob = RING.encrypt("member.phone", "u1", "x")
    both = Keyring.parse(f"k2:{NEW},k1:{OLD}", INDEX)
    assert both.decrypt("member.phone", "u1", blob) == "x"
    assert both.outdated(blob)
    assert not both.outdated(both.encrypt("member.phone", "u1", "x"))
    with pytest.raises(CryptoError, match="not configured"):
        Keyring.parse(f"k2:{NEW}", INDEX).decrypt("member.phone", "u1", blob)


@pytest.mark.parametrize(
    "bad",
    ["", "k1", "k1:abc", f"k1:{OLD},k1:{NEW}", f"K 1:{OLD}", "k1:" + "AAAA"],
    # Named, because the keys are new in every process and the workers must agree on the names.
    ids=["empty", "no-key", "short", "same-id-twice", "bad-id", "few-bytes"],
)
def test_keys_malformed_are_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(CryptoError) as refused:
        Keyring.parse(bad, INDEX)
    assert OLD not in str(refused.value)


def test_development_keys_are_made_once_and_private(tmp_path: Path) -> None:
    def start(_: int) -> bytes:
        app = Flask("x")
        app.config["DATA_DIR"] = tmp_path / "data"
        crypto.configure(app)
        with app.app_context():
            return crypto.keyring().index_key

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1
    files = list((tmp_path / "data").iterdir())
    assert [file.name for file in files] == [crypto.DEVELOPMENT_FILE]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_keys_only_one_of_the_two_is_refused(tmp_path: Path) -> None:
    app = Flask("x")
    app.config.update(DATA_DIR=tmp_path, FIELD_KEYS=f"k1:{OLD}")
    with pytest.raises(CryptoError, match="together"):
        crypto.configure(app)


def test_blind_index_depends_on_column_and_key(tmp_path: Path) -> None:
    app = Flask("x")
    app.config.update(DATA_DIR=tmp_path)
    crypto.configure(app)
    with app.app_context():
        phone = crypto.blind_index("account.phone", "10012345678")
        assert phone == crypto.blind_index("account.phone", "10012345678")
        assert phone != crypto.blind_index("member.phone", "10012345678")
        assert len(phone) == 64


def test_uid_sorts_by_time_and_never_repeats() -> None:
    names = [crypto.new_uid() for _ in range(2000)]
    assert len(set(names)) == 2000
    assert {len(name) for name in names} == {26}
    assert [name[:9] for name in names] == sorted(name[:9] for name in names)


def test_same_compares_any_characters() -> None:
    assert crypto.same("验证码", "验证码")
    assert not crypto.same("验证码", "123456")
    assert crypto.token_hash("a") != crypto.token_hash("b")
    assert len(crypto.new_token()) >= 43
