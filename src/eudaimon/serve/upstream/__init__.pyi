from .answerer import UpstreamAnswerer as UpstreamAnswerer
from .calibration import WindowCalibration as WindowCalibration
from .calibration import calibrate_windows as calibrate_windows
from .calibration import highest_scores as highest_scores
from .checking import Thresholds as Thresholds
from .growing import Window as Window
from .opening import open_upstream as open_upstream
from .server import Limits as Limits

__all__ = [
    "Limits",
    "Thresholds",
    "UpstreamAnswerer",
    "Window",
    "WindowCalibration",
    "calibrate_windows",
    "highest_scores",
    "open_upstream",
]
