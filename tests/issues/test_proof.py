"""Proof of work: signed, for one community, for two hours, and checked by the same sums that a browser does."""

import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from geodata.models import Community
from issues.proof import LIFE, MOST_EXTRA_BITS, PUZZLES, bits_for, challenge_for, is_solved, proof_in
from tests.proofs import solved

BROWSER_CODE = Path(django_settings.BASE_DIR) / "issues" / "static" / "issues" / "puzzles.js"


def test_solved_challenge_is_a_proof_with_a_name_of_its_own(inside: Community, now: datetime) -> None:
    names = set()
    for _time in range(2):
        challenge = challenge_for(inside, at=now, bits=2)
        found = proof_in(challenge, solved(challenge), community=inside, at=now)
        assert found
        names.add(found.name)
    assert len(names) == 2


@pytest.mark.parametrize("bits", [0, 1, 5, 8])
def test_each_puzzle_needs_its_bits(bits: int) -> None:
    challenge = f"1.{bits}.1.name:signature"
    solution = solved(challenge)
    assert is_solved(challenge, solution, bits=bits)
    assert not is_solved(challenge, solution, bits=bits + 12)
    assert not is_solved(challenge + "x", solution, bits=max(bits, 8))


def test_proof_ends_and_belongs_to_its_community(inside: Community, elsewhere: Community, now: datetime) -> None:
    challenge = challenge_for(inside, at=now, bits=2)
    solution = solved(challenge)
    assert proof_in(challenge, solution, community=inside, at=now + LIFE - timedelta(seconds=1))
    assert proof_in(challenge, solution, community=inside, at=now + LIFE) is None
    assert proof_in(challenge, solution, community=elsewhere, at=now) is None


@pytest.mark.parametrize(
    "wrong", ["", "1", "1.2.3", *(".".join([one] * PUZZLES) for one in ("-1", "x", "٣")), "9" * 500]
)
def test_made_up_solutions_prove_nothing(inside: Community, now: datetime, wrong: str) -> None:
    assert proof_in(challenge_for(inside, at=now, bits=8), wrong, community=inside, at=now) is None


@pytest.mark.parametrize("wrong", ["", "1.0.1.name:forged", "no colon", ":", "9" * 500])
def test_forged_challenges_prove_nothing(inside: Community, now: datetime, wrong: str) -> None:
    assert proof_in(wrong, ".".join(["0"] * PUZZLES), community=inside, at=now) is None


def test_easier_challenge_cannot_be_forged(inside: Community, now: datetime) -> None:
    challenge = challenge_for(inside, at=now, bits=8)
    easy = challenge.replace(".8.", ".0.", 1)
    assert proof_in(easy, ".".join(["0"] * PUZZLES), community=inside, at=now) is None


def test_work_doubles_with_what_a_network_sends(settings: Settings) -> None:
    settings.PROOF_BITS = 12
    assert [bits_for(used) for used in (0, 4, 5, 10, 20, 40, 4000)] == [12, 12, 13, 14, 15, 16, 12 + MOST_EXTRA_BITS]


def test_browser_solves_what_the_server_asks(inside: Community, now: datetime) -> None:
    node = shutil.which("node")
    assert node, "Node checks the browser's code; ./misto test brings it."
    challenge = challenge_for(inside, at=now, bits=6)
    script = f"import {{ solve }} from '{BROWSER_CODE}'; console.log(solve('{challenge}'));"
    ran = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == solved(challenge)
    assert proof_in(challenge, ran.stdout.strip(), community=inside, at=now)
