"""What Weir looks for: each module here is one detector, and `CATALOG` names them all."""

from detectors.core.detector import Detector
from detectors.failover_echo import FailoverEcho
from detectors.heir import Heir
from detectors.model_pivot import ModelPivot
from detectors.rate_surge import RateSurge
from detectors.template_repetition import TemplateRepetition
from detectors.wide_fanout import WideFanout

CATALOG: tuple[type[Detector], ...] = (
    RateSurge,
    ModelPivot,
    WideFanout,
    TemplateRepetition,
    Heir,
    FailoverEcho,
)
