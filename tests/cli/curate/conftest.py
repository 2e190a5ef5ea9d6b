"""Scorers that the commands' workers can import."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # as a project would be that defines scorers of its own
