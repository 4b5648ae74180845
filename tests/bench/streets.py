"""`./misto bench streets FILE`: the trial of tests.trials.streets, on an empty database."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.streets", run_name="__main__")
