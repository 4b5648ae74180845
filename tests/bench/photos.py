"""`./misto bench photos FOLDER`: the trial of tests.trials.photos."""

import runpy

if __name__ == "__main__":
    runpy.run_module("tests.trials.photos", run_name="__main__")
