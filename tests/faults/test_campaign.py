"""The short form of `./misto test faults`: 500 reports while each part and each receiver is killed in turn, once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.service import ROOT

# Nothing here asks how long something takes, but the promise itself; a busy machine needs minutes to start the service.
SECONDS = 1800


@pytest.mark.timeout(SECONDS)
def test_what_is_accepted_arrives_once_and_in_order_whatever_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "campaign.log"
    words = ["--reports", "500", "--rate", "5", "--quick"]
    with log.open("w") as said:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.campaign", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}\n{log.read_text()}"
