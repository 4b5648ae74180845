"""`./misto bench polygons FOLDER`: the trial of tests.trials.polygons, on an empty database."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.polygons", run_name="__main__")
