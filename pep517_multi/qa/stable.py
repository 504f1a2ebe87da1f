"""Stable-ABI wheels audited, once however many implementations reuse them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi import events
from pep517_multi.errors import MultibuildError
from pep517_multi.findings import Finding
from pep517_multi.qa.abi3audit import audit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.events import Observer
    from pep517_multi.process import Runner
    from pep517_multi.wheels.wheel import Wheel

_SECONDS = 300.0


@dataclass
class StableAbiAudit:
    """Asks abi3audit, where it is there; what it cannot say is no finding, but told."""

    runner: Runner
    environ: Mapping[str, str]
    observer: Observer
    _known: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def findings(self, wheel: Wheel) -> tuple[Finding, ...]:
        """Return a finding for each symbol that ``wheel`` uses and its tag does not allow."""
        with self._lock:
            if wheel.sha256 not in self._known:
                self._known[wheel.sha256] = self._audited(wheel)
            return self._known[wheel.sha256]

    def _audited(self, wheel: Wheel) -> tuple[Finding, ...]:
        try:
            violations = audit(wheel.path, runner=self.runner, environ=self.environ, timeout=_SECONDS)
        except MultibuildError as error:
            self.observer(events.Note(f"qa: {error}", level="warning"))
            return ()
        return tuple(Finding(one.module, "abi3", None, str(one)) for one in violations or ())
