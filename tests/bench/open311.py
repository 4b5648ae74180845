"""`./misto bench open311 FOLDER`: the trial of tests.trials.open311."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.open311", run_name="__main__")
