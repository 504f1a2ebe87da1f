"""The errors a user can meet: each is one sentence (what, where, what next) with an exit code.

Every error of this package derives from :class:`MultibuildError`, so that a caller needs one ``except``.
The library never prints and never exits; the command line turns ``str(error)`` into the one line on standard
error and ``exit_code`` into the status.
"""

from __future__ import annotations

from pep517_multi.containment.redaction import without_credentials


class MultibuildError(Exception):
    """Root of all errors that are somebody's to mend; ``exit_code`` is the status of the command line.

    No message has credentials of a URL in it.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(without_credentials(message))


class UsageError(MultibuildError):
    """The command line or a configuration file says something that makes no sense."""

    exit_code = 2


class PlanError(MultibuildError):
    """It is clear before any build that the work cannot be done."""

    exit_code = 3


class InterpreterError(PlanError):
    """No installed interpreter is what was asked for, or the one that was named does not answer."""


class MissingRequirementsError(PlanError):
    """Build requirements are missing where nothing may be installed, or cannot be had at all."""


class SourceError(PlanError):
    """The source is not a project that can be built: not there, not readable, not valid."""


class BuildError(MultibuildError):
    """A build failed, or its backend broke its promises.

    ``log`` is the path of the whole output, or ``None``; ``tail`` its last lines, worth showing.
    """

    def __init__(self, message: str, *, log: str | None = None, tail: str = "") -> None:
        super().__init__(message)
        self.log = log
        self.tail = tail


class StagingError(MultibuildError):
    """A wheel could not be installed into its staging root."""


class FindingsError(MultibuildError):
    """QA or checks found something, and the policy says that this fails the run."""

    exit_code = 4


class IntegrityError(MultibuildError):
    """A wheel, RECORD, archive or hash is not what it says it is."""

    exit_code = 5
