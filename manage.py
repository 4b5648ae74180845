#!/usr/bin/env python3
"""Django's command line for this project. `./misto manage …` runs it with the right environment."""

import os
import sys

from django.core.management import execute_from_command_line

from openmap.databases import past_the_pooler

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")
    os.environ.update(past_the_pooler(sys.argv[1:], dict(os.environ)))
    execute_from_command_line(sys.argv)
