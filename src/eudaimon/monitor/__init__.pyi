from .audit import audit as audit
from .band import Band as Band
from .band import fit_band as fit_band
from .bench import BenchRow as BenchRow
from .bench import bench as bench
from .cascade import Cascade as Cascade
from .cascade import evaluate_cascade as evaluate_cascade
from .evaluation import Options as EvaluationOptions
from .evaluation import evaluate as evaluate
from .explained import Explanation as Explanation
from .explanation import explain as explain
from .fitting import fit as fit
from .folds import leave_one_source_out_run as leave_one_source_out_run
from .guard_calibration import Calibration as Calibration
from .judge import Judge as Judge
from .monitor import Monitor as Monitor
from .opening import open_monitor as open_monitor
from .pairs import matched_pairs as matched_pairs
from .preparation import FitOptions as FitOptions
from .probe import Probe as Probe
from .records import EvaluationRecord as EvaluationRecord
from .run import evaluate_run as evaluate_run
from .run import fit_run as fit_run
from .run import quickstart_run as quickstart_run
from .run_folder import RunFolder as RunFolder
from .run_info import collect_run_info as collect_run_info
from .sanitise import normalise as normalise
from .sanitise import views as views
from .storage import load_monitor as load_monitor
from .storage import save_monitor as save_monitor
from .stress import stress as stress
from .study import tone_against_content as tone_against_content
from .verdict import Scorer as Scorer
from .verdict import Verdict as Verdict

__all__ = [
    "Band",
    "BenchRow",
    "Calibration",
    "Cascade",
    "EvaluationOptions",
    "EvaluationRecord",
    "Explanation",
    "FitOptions",
    "Judge",
    "Monitor",
    "Probe",
    "RunFolder",
    "Scorer",
    "Verdict",
    "audit",
    "bench",
    "collect_run_info",
    "evaluate",
    "evaluate_cascade",
    "evaluate_run",
    "explain",
    "fit",
    "fit_band",
    "fit_run",
    "leave_one_source_out_run",
    "load_monitor",
    "matched_pairs",
    "normalise",
    "open_monitor",
    "quickstart_run",
    "save_monitor",
    "stress",
    "tone_against_content",
    "views",
]
