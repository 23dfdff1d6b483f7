from detectors.core.batch import LONGEST
from detectors.core.group_names import GroupNames


def test_an_egress_is_remembered_by_no_text_that_is_longer_than_one() -> None:
    names = GroupNames(seed=0)
    first = names.egress["x" * 100_000]
    assert names.egress["x" * 200_000] == first
    assert names.egress["fe80::1%" + "z" * 100_000] == names.egress["fe80::2"]
    assert max(len(address or "") for address in names.egress) <= LONGEST
