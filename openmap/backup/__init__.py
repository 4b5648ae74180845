"""Backups of the whole installation: making, checking and restoring them. docs/backup.md tells what is in one."""
