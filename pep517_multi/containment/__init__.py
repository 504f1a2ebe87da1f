"""What keeps a command within bounds: nothing that it started outlives it, and its output has an end and no secrets."""

from __future__ import annotations

from pep517_multi.containment.keeping import Keeping
from pep517_multi.containment.output import LogWriter
from pep517_multi.containment.redaction import Redaction, without_credentials

__all__ = ["Keeping", "LogWriter", "Redaction", "without_credentials"]
