"""The work that a browser does before it sends a report, done here."""

from itertools import count

from issues.proof import PUZZLES, seed_of, zero_bits


def solved(challenge: str) -> str:
    """The numbers that solve it."""
    bits, seed = int(challenge.split(".")[1]), seed_of(challenge)
    firsts = (
        next(number for number in count() if zero_bits(f"{seed}:{puzzle}:{number}") >= bits)
        for puzzle in range(PUZZLES)
    )
    return ".".join(map(str, firsts))
