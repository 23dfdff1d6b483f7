"""What Weir looks for: each module here is one detector, and `CATALOG` names them all."""

from detectors.blindness import Blindness
from detectors.capability import Capability
from detectors.core.detector import Detector
from detectors.edge_burst import EdgeBurst
from detectors.even_share import EvenShare
from detectors.failover_echo import FailoverEcho
from detectors.heir import Heir
from detectors.lockstep import Lockstep
from detectors.model_pivot import ModelPivot
from detectors.odd_profile import OddProfile
from detectors.rate_surge import RateSurge
from detectors.service_shift import ServiceShift
from detectors.shared_client import SharedClient
from detectors.template_repetition import TemplateRepetition
from detectors.wide_fanout import WideFanout
from detectors.young_crowd import YoungCrowd

CATALOG: tuple[type[Detector], ...] = (
    RateSurge,
    ModelPivot,
    WideFanout,
    YoungCrowd,
    TemplateRepetition,
    Lockstep,
    EvenShare,
    EdgeBurst,
    Heir,
    FailoverEcho,
    Capability,
    SharedClient,
    Blindness,
    ServiceShift,
    OddProfile,
)
