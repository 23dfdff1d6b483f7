import os
from pathlib import Path

import pytest


@pytest.fixture
def real_data() -> Path:
    """Where the real public data lies; it is not part of the repository."""
    folder = Path(os.environ.get("WEIR_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data is not there: set WEIR_DATA to its folder")
    return folder
