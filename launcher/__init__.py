"""The launcher behind `./misto`: prepares a machine, runs the service, proves it.

Standard library only: it has to work before anything is installed.
"""
