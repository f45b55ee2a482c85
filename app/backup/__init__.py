"""The whole database as one file, taken while it is in use, and put back into either kind of database."""

from app.backup.container import BackupUnusable, Manifest, check_backup, manifest_of
from app.backup.restoring import NotEmpty, held, restore_backup
from app.backup.taking import LastBackup, last_backup, note_backup, take_backup

__all__ = [
    "BackupUnusable",
    "LastBackup",
    "Manifest",
    "NotEmpty",
    "check_backup",
    "held",
    "last_backup",
    "manifest_of",
    "note_backup",
    "restore_backup",
    "take_backup",
]
