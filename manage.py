#!/usr/bin/env python3
"""Django's command line for this project. `./misto manage …` runs it with the right environment."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")
    execute_from_command_line(sys.argv)
