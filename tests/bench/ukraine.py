"""`./misto bench ukraine FOLDER`: the trial of tests.trials.ukraine, on an empty database."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.ukraine", run_name="__main__")
