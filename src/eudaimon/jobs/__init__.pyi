from .drive import drive as drive
from .engine import Ended as Ended
from .engine import Engine as Engine
from .engine import Results as Results
from .engine import environment as environment
from .failure import failure as failure
from .failure import forget_failure as forget_failure
from .failure import last_lines as last_lines
from .failure import record_failure as record_failure
from .forked import ForkedEngine as ForkedEngine
from .forked import can_fork as can_fork
from .local import LocalEngine as LocalEngine
from .lock import Held as Held
from .lock import Holder as Holder
from .lock import holder as holder
from .lock import locked as locked
from .output import output_to as output_to
from .output import tell as tell
from .slurm import SlurmEngine as SlurmEngine
from .tasks import tasks as tasks

__all__ = [
    "Ended",
    "Engine",
    "ForkedEngine",
    "Held",
    "Holder",
    "LocalEngine",
    "Results",
    "SlurmEngine",
    "can_fork",
    "drive",
    "environment",
    "failure",
    "forget_failure",
    "holder",
    "last_lines",
    "locked",
    "output_to",
    "record_failure",
    "tasks",
    "tell",
]
