"""Names that give nothing away: opaque identifiers, addresses and client fingerprints."""

from typing import Final

import numpy as np

from stream.simulate.columns import Ints

MODELS: Final = ("delta-3", "delta-3-mini", "delta-3-pro", "delta-4")
NEW_MODEL: Final = 3

# Blocks of sites, each with its own /24 ranges, so that no two kinds of place meet in one range.
HOME, OFFICE, EXIT, CARRIER, DATACENTER, PROXY = range(6)
_BLOCK = 2_000_000
_RANGES = 13_828_096  # the /24 ranges from 11.0.0.0 to 221.255.255.0
_STRIDE = 5_700_311  # coprime to _RANGES, so the walk meets each range once

CLIENTS: Final = (
    ("chat-web/8.2", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ("chat-ios/5.1", "t13d2014h2_a09f3c656075_14788d8d241b"),
    ("chat-android/5.0", "t13d1715h2_5b57614c22b0_3d5424432f57"),
    ("sdk-python/1.44", "t13d1812h1_85036bcba153_375ca2c5e164"),
    ("sdk-python/1.51", "t13d1812h1_85036bcba153_b26ce05bbdd6"),
    ("sdk-node/4.9", "t13d5212h1_b262b3658495_8e6e362c5eac"),
    ("sdk-go/0.8", "t13d1312h2_f57a46bbacb6_e7c285222651"),
    ("code-cli/2.3", "t13d1713h2_748f4c70de1c_7e51fdad25f2"),
    ("code-editor/0.44", "t13d1516h2_8daaf6152771_02713d6af862"),
    ("okhttp/4.12", "t13d1613h2_46e7e9700bed_45f260be83e2"),
    ("python-requests/2.32", "t13d1812h1_85036bcba153_b26ce05bbdd6"),
    ("agent-kit/1.9", "t13d1812h1_85036bcba153_375ca2c5e164"),
)
TOOLSETS: Final = (
    (),
    ("bash", "edit_file", "read_file", "search"),
    ("shell", "apply_patch", "list_directory"),
    ("web_search", "fetch_page", "python"),
    ("lookup_order", "refund", "open_ticket"),
    ("bash", "str_replace", "glob", "grep", "task"),
    ("python", "sql", "read_table", "plot"),
    ("screenshot", "click", "type", "scroll"),
    ("search_orders", "send_mail", "calendar", "book", "convert"),
)
PROXIES_OF_A_CAMPAIGN: Final = 100_000  # numbers in the block of proxies
CLIENTS_OF_A_CAMPAIGN: Final = 10_000  # fingerprints of its own
_MASK = (1 << 48) - 1


def mixed(number: int) -> int:
    """Return a 48-bit number that looks like chance; distinct numbers stay distinct.

    >>> len({mixed(number) for number in range(1000)})
    1000
    """
    number = (number ^ (number >> 23)) * 0x5851F42D4C95 & _MASK
    number = (number ^ (number >> 27)) * 0x14057B7EF767 & _MASK
    return number ^ (number >> 25)


def mixed_columns(numbers: Ints) -> Ints:
    """Return `mixed` of every number of a column."""
    column = numbers.astype(np.uint64)
    for shift, factor in ((23, 0x5851F42D4C95), (27, 0x14057B7EF767)):
        column = (column ^ (column >> np.uint64(shift))) * np.uint64(factor) & np.uint64(_MASK)
    return (column ^ (column >> np.uint64(25))).astype(np.int64)


def site(*, block: int, number: int) -> int:
    """Return the number of a place where requests leave from."""
    return block * _BLOCK + number


def address(*, place: int, host: int, salt: int) -> str:
    """Return the IPv4 address of a host at a place."""
    return f"{_prefix(place, salt)}.{host % 250 + 2}"


def range_of(*, place: int, salt: int) -> str:
    """Return the /24 range of a place."""
    return f"{_prefix(place, salt)}.0/24"


def address6(*, place: int, salt: int) -> str:
    """Return the IPv6 address of a home."""
    number = mixed((place + salt * 7_919) & _MASK)
    return f"2a{number >> 40 & 0xFF:02x}:{number >> 24 & 0xFFFF:x}:{number >> 8 & 0xFFFF:x}::1"


def own_fingerprint(number: int, *, salt: int) -> str:
    """Return a TLS fingerprint that is not among the common ones.

    >>> own_fingerprint(0, salt=1) == own_fingerprint(1, salt=1)
    False
    """
    ciphers, extensions = (mixed((number * 2 + part + (1 << 46)) ^ salt) for part in (0, 1))
    return f"t13i{ciphers % 40 + 9:02d}{extensions % 12 + 5:02d}h1_{ciphers:012x}_{extensions:012x}"


def _prefix(place: int, salt: int) -> str:
    number = (place * _STRIDE + salt) % _RANGES
    return f"{(number >> 16) + 11}.{number >> 8 & 0xFF}.{number & 0xFF}"
