"""What can be known, running nothing, about how a project's wheel depends on the interpreter that builds it."""

from pep517_multi.sources.evidence.evidence import Evidence, Verdict
from pep517_multi.sources.evidence.judging import judge

__all__ = ["Evidence", "Verdict", "judge"]
