"""`./misto bench dc_learnt FOLDER`: the trial of tests.trials.dc_learnt, on an empty database."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.dc_learnt", run_name="__main__")
