"""What a phase is called where a plan keeps its name: in the content's own words, which each reader's page translates."""

from rehab.library import reading
from rehab.library.models import ProtocolPhase


def phase_name(code: str, protocol_phase: ProtocolPhase | None) -> str:
    """The protocol's name of the phase, or the one of the six phases; never in the language of who decides."""
    if protocol_phase is not None:
        return protocol_phase.name
    names = {phase["code"]: phase["name"] for phase in reading.vocabulary()["phases"]}
    return str(names[code])
