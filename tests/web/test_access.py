"""What a view declares about who may call it, and what is read of that."""

from __future__ import annotations

import pytest

from portal.web import access


def view() -> str:
    return "page"


@pytest.fixture(autouse=True)
def bare():
    view.__dict__.clear()
    yield
    view.__dict__.clear()


def test_a_view_that_says_nothing_declares_nothing():
    assert access.of(view) is None and access.of(None) is None
    assert (access.is_first_thing(view), access.is_asked_again(view)) == (False, False)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda one: access.public(one), access.Access("public")),
        (lambda one: access.signed_in(one), access.Access("signed_in")),
        (lambda one: access.requires("dues.collect")(one), access.Access("permission", "dues.collect")),
    ],
)
def test_a_view_says_who_may_call_it_and_stays_itself(declare, said):
    assert declare(view) is view and view() == "page"
    found = access.of(view)
    assert found == said and found.csrf is True


def test_a_view_may_want_a_fresh_proof_or_come_before_everything():
    assert access.asks_again(view) is view
    assert (access.is_asked_again(view), access.is_first_thing(view)) == (True, False)
    view.__dict__.clear()
    assert access.first_things(view) is view
    assert (access.is_asked_again(view), access.is_first_thing(view)) == (False, True)
    assert access.of(view) is None, "neither says who may call it"
