"""`./misto bench dc FOLDER`: the trial of tests.trials.dc, on an empty database."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.dc", run_name="__main__")
