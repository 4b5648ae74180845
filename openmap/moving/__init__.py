"""One community taken out of an installation, into another, or away for good. docs/backup.md, “One community”."""
