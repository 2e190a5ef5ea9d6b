from .design import Study as Study
from .design import StudyOptions as StudyOptions
from .design import design as design
from .design import designs as designs
from .run import Event as Event
from .run import Outcome as Outcome
from .run import run_study as run_study
from .step import Cost as Cost
from .step import Step as Step
from .store import StepStore as StepStore

__all__ = [
    "Cost",
    "Event",
    "Outcome",
    "Step",
    "StepStore",
    "Study",
    "StudyOptions",
    "design",
    "designs",
    "run_study",
]
