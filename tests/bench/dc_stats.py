"""`./misto bench dc_stats FOLDER`: the trial of tests.trials.dc_stats, on an empty database."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.dc_stats", run_name="__main__")
