"""The camera probe."""

from typing import Any

from satukota.shared.monitoring.registry import Look, Probe


class CameraProbe(Probe):
    kind = "camera"

    async def look(self, brief: Any) -> Look:
        raise NotImplementedError
