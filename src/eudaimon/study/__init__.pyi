from .design import Study as Study
from .design import StudyOptions as StudyOptions
from .design import design as design
from .design import designs as designs
from .driver import Event as Event
from .folder import open_study as open_study
from .folder import options_of as options_of
from .folder import run_design as run_design
from .plan import Plan as Plan
from .plan import plan as plan
from .run import Outcome as Outcome
from .run import run_study as run_study
from .status import Status as Status
from .status import status as status
from .step import Cost as Cost
from .step import Step as Step
from .store import StepStore as StepStore

__all__ = [
    "Cost",
    "Event",
    "Outcome",
    "Plan",
    "Status",
    "Step",
    "StepStore",
    "Study",
    "StudyOptions",
    "design",
    "designs",
    "open_study",
    "options_of",
    "plan",
    "run_design",
    "run_study",
    "status",
]
