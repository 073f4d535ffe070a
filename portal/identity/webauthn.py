"""What a device says, and whether it is true: the WebAuthn ceremonies, without a table (W3C, level 2).

The library parses and verifies. Ours is what it leaves open: the exact origin, nothing embedded in another
site's page, the algorithms, and one kind of error for whatever somebody sends.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

# It writes the name of every credential into the log, by which a person could be followed.
logging.getLogger("fido2").setLevel(logging.WARNING)

#: Milliseconds a person has at the device; as long as the challenge lives.
PATIENCE = 5 * 60 * 1000
#: ES256, EdDSA, RS256: what devices in use speak.
ALGORITHMS = (-7, -8, -257)
#: No device's answer is longer.
LONGEST = 32 * 1024
#: A browser may name no longer credential (WebAuthn §4).
LONGEST_ID = 1023
_TRANSPORTS = frozenset(one.value for one in AuthenticatorTransport)
_KEY = PublicKeyCredentialType.PUBLIC_KEY


class Unproven(ValueError):
    """The answer proves nothing: not what was asked, not from here, not signed, or not readable."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys of this installation hold: the host they belong to, and the one address they open."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Made:
    """A new passkey, proven to be in the hands of who made it."""

    credential_id: str
    public_key: bytes
    sign_count: int
    transports: str
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof said beside being right."""

    sign_count: int
    backed_up: bool


def place(public_url: str) -> Place | None:
    """Return where passkeys hold for the address people type, or None where browsers allow none.

    They want a name under TLS; the one exception is ``localhost``, which also stands for this machine's
    number (127.0.0.1), since no number can be the home of a passkey.
    """
    address = urlsplit(public_url)
    host, port = (address.hostname or "").lower(), address.port
    try:
        if not ip_address(host).is_loopback:
            return None
        host = "localhost"
    except ValueError:
        pass  # a name, as it should be
    if not host or (address.scheme != "https" and host != "localhost"):
        return None
    usual = {"http": 80, "https": 443}.get(address.scheme)
    tail = "" if port in {None, usual} else f":{port}"
    return Place(host, f"{address.scheme}://{host}{tail}")


def _server(at: Place, name: str = "") -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=at.host, name=name or at.host),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == at.origin,
    )
    server.timeout = PATIENCE  # type: ignore[assignment]  # read as a number, declared as None
    server.allowed_algorithms = [PublicKeyCredentialParameters(type=_KEY, alg=one) for one in ALGORITHMS]
    return server


def _described(known: Sequence[tuple[str, str]]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            type=_KEY,
            id=websafe_decode(credential_id),
            transports=[AuthenticatorTransport(one) for one in transports.split()] or None,
        )
        for credential_id, transports in known
    ]


def to_make(
    at: Place, *, site: str, handle: str, name: str, known: Sequence[tuple[str, str]], challenge: bytes
) -> dict[str, Any]:
    """Return what the browser needs to make a passkey; ``known``: the account's, each with its transports."""
    user = PublicKeyCredentialUserEntity(id=handle.encode(), name=name, display_name=name)
    options, _ = _server(at, site).register_begin(
        user,
        _described(known),
        # Found by the device itself: so it also opens a login by which nobody types a name.
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return dict(options)


def to_show(at: Place, *, known: Sequence[tuple[str, str]], challenge: bytes) -> dict[str, Any]:
    """Return what the browser needs to ask for a passkey: one of ``known``, or any of this place."""
    options, _ = _server(at).authenticate_begin(
        _described(known) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return dict(options)


def read(answer: str) -> Mapping[str, Any]:
    """Return an answer as the browser wrote it. Raises Unproven."""
    if not answer or len(answer) > LONGEST:
        raise Unproven("no answer of a device")
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Unproven("not JSON") from error
    if not isinstance(found, dict):
        raise Unproven("not an answer")
    return found


def challenge_of(answer: Mapping[str, Any]) -> bytes:
    """Return the challenge an answer names. Raises Unproven."""
    try:
        told = json.loads(websafe_decode(answer["response"]["clientDataJSON"]))
        if told.get("crossOrigin") or "topOrigin" in told:
            raise Unproven("embedded in another page")
        return websafe_decode(told["challenge"])
    except Exception as error:
        raise Unproven("no challenge") from error


def credential_of(answer: Mapping[str, Any]) -> str:
    """Return the name of the credential that answers, in the one way it is written. Raises Unproven."""
    try:
        return websafe_encode(websafe_decode(answer["id"]))
    except Exception as error:
        raise Unproven("no credential") from error


def made(at: Place, answer: Mapping[str, Any], challenge: bytes) -> Made:
    """Verify a new passkey. Raises Unproven."""
    # The parsers raise whatever they stumble over; whatever it is, nothing was proven.
    try:
        told = RegistrationResponse.from_dict(answer)
        found = _server(at).register_complete(_state(challenge), told)
        credential = found.credential_data
        if credential is None or credential.credential_id != told.raw_id:
            raise Unproven("another credential")
        if not 16 <= len(credential.credential_id) <= LONGEST_ID:
            raise Unproven("odd name of a credential")
        if credential.public_key.get(3) not in ALGORITHMS:
            raise Unproven("an algorithm nobody asked for")
        transports = answer["response"].get("transports") or []
        return Made(
            credential_id=websafe_encode(credential.credential_id),
            public_key=cbor.encode(credential.public_key),
            sign_count=found.counter,
            transports=" ".join(sorted(_TRANSPORTS.intersection(transports))),
            backed_up=found.is_backed_up(),
        )
    except Exception as error:
        raise Unproven(str(error)) from error


def shown(at: Place, answer: Mapping[str, Any], challenge: bytes, *, public_key: bytes, handle: str) -> Shown:
    """Verify the proof by a known passkey of the account ``handle``. Raises Unproven."""
    try:
        told = AuthenticationResponse.from_dict(answer)
        named = told.response.user_handle
        if named and named != handle.encode():
            raise Unproven("another account's")
        cose: Any = cbor.decode(bytes(public_key))
        credential = AttestedCredentialData.create(Aaguid.NONE, told.raw_id, CoseKey.parse(cose))
        _server(at).authenticate_complete(_state(challenge), [credential], told)
        data = told.response.authenticator_data
        return Shown(data.counter, data.is_backed_up())
    except Exception as error:
        raise Unproven(str(error)) from error


def _state(challenge: bytes) -> dict[str, Any]:
    return {
        "challenge": websafe_encode(challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }
