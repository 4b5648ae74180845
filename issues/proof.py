"""Proof of work in place of a foreign captcha: a browser computes for a moment before it sends, and a flood gets dear.

A challenge is signed and kept nowhere; issues.gate counts that each is used once. The work is eight small puzzles, not
one large: the time that they take together varies less. static/issues/proof.js solves them.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, Signer

from geodata.models import Community

LIFE: Final = timedelta(hours=2)  # a form that is open for longer gets a fresh challenge as it is sent
PUZZLES: Final = 8
MOST_EXTRA_BITS: Final = 4
PART: Final = 20  # characters of a challenge that are digested at once
LONGEST: Final = 200  # characters of a challenge and of its solution
_signer = Signer(salt="issues.proof")


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge that was solved; `name` tells it from all others."""

    name: str
    ends_at: datetime


def challenge_for(community: Community, *, at: datetime, bits: int) -> str:
    """Something to solve: moment, bits, community and a random name, signed."""
    return _signer.sign(f"{int(at.timestamp())}.{bits}.{community.pk}.{token_urlsafe(12)}")


def bits_for(used: int) -> int:
    """Leading zero bits that each puzzle asks for, when a network has sent so many reports in this hour.

    From 5, 10, 20 and 40 on one more, which is twice the work.
    """
    extra = (used // 5).bit_length()
    return int(settings.PROOF_BITS) + min(extra, MOST_EXTRA_BITS)


def proof_in(challenge: str, solution: str, *, community: Community, at: datetime) -> Proof | None:
    """What was proved, or None: nothing, by a forged or ended challenge, for another community, or wrongly."""
    if not solution or len(challenge) > LONGEST or len(solution) > LONGEST:
        return None
    try:
        issued, bits, owner, name = _signer.unsign(challenge).split(".")
    except (BadSignature, ValueError):
        return None
    ends_at = datetime.fromtimestamp(int(issued), tz=UTC) + LIFE
    if int(owner) != community.pk or at >= ends_at or not is_solved(challenge, solution, bits=int(bits)):
        return None
    return Proof(name, ends_at)


def is_solved(challenge: str, solution: str, *, bits: int) -> bool:
    """Whether each number of the solution, “17.4.230…”, solves its puzzle."""
    numbers = solution.split(".")
    seed = seed_of(challenge)
    return len(numbers) == PUZZLES and all(
        number.isascii() and number.isdecimal() and zero_bits(f"{seed}:{puzzle}:{number}") >= bits
        for puzzle, number in enumerate(numbers)
    )


def seed_of(challenge: str) -> str:
    """32 hexadecimal digits of all of the challenge, digested part by part: a browser digests one block at a time."""
    seed = ""
    for at in range(0, len(challenge), PART):
        seed = hashlib.sha256((seed + challenge[at : at + PART]).encode()).hexdigest()[:32]
    return seed


def zero_bits(text: str) -> int:
    """Leading zero bits of the SHA-256 of the text."""
    return 256 - int.from_bytes(hashlib.sha256(text.encode()).digest()).bit_length()
