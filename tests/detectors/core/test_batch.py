import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.batch import LONGEST, MOST_TOKENS, batch_of, egress_of
from detectors.text.template import sketch
from tests.detectors.traffic import EPOCH, SEED, TEMPLATES, batch, request


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_belongs_to_its_24(number: int) -> None:
    egress = egress_of(str(ipaddress.IPv4Address(number)))
    assert egress == str(ipaddress.IPv4Network((number & 0xFFFFFF00, 24)))


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_belongs_to_its_48_or_is_mapped(number: int) -> None:
    egress = egress_of(str(ipaddress.IPv6Address(number)))
    assert egress is not None
    assert egress.endswith("/48") or number >> 32 == 0xFFFF


@pytest.mark.parametrize(
    ("address", "egress"),
    [
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("hydra-7", "hydra-7"),
        ("203.0.113.9:443", "203.0.113.9:443"),
        ("01.2.3.4", "01.2.3.4"),
        ("", None),
    ],
)
def test_what_is_no_address_stays_itself(address: str, egress: str | None) -> None:
    assert egress_of(address) == egress


@given(st.text() | st.text(":.%/0123456789abcdef", max_size=50))
def test_any_text_has_an_egress_of_bounded_length(address: str) -> None:
    egress = egress_of(address)
    assert (egress is None) == (address == "")
    assert len(egress or "") <= LONGEST
    assert len(egress_of(address * 1000) or "") <= LONGEST


def test_a_named_egress_goes_before_the_address() -> None:
    made = batch([request(1, at=0, proxy="hydra", ip="203.0.113.9"), request(2, at=0, ip="::1")])
    assert made.egresses == ["hydra", "::1"]


def test_a_prompt_becomes_its_sketch_and_a_gateways_sketch_stays() -> None:
    text = TEMPLATES[0].format("x")
    made = batch([request(1, at=0, prompt=text), request(2, at=0, prompt_sketch="ab" * 8)])
    assert made.sketches == [sketch(text, seed=SEED), "ab" * 8]


def test_a_system_prompt_joins_the_sketch_however_the_prompt_came() -> None:
    text = "Write a function that sorts three numbers in place."
    system = "You grade essays by this rubric " * 3
    both = {"system_prompt": system}
    made = batch(
        [
            request(1, at=0, prompt=text, **both),
            request(2, at=0, prompt_sketch="ab" * 8, **both),
            request(3, at=0, **both),
            request(4, at=0, prompt="Hi", system_prompt="Be brief."),
        ]
    )
    of_system = sketch("", system=system, seed=SEED)
    assert made.sketches == [
        sketch(text, system=system, seed=SEED),
        "ab" * 8 + of_system,
        of_system,
        None,
    ]


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_denied_request_is_told(status: int) -> None:
    made = batch([request(1, at=0, status=status), request(2, at=0, status=500)])
    assert made.denied.tolist() == [True, False]


@given(st.integers(0, 10**400))
def test_any_number_of_tokens_counts_up_to_a_limit(tokens: int) -> None:
    made = batch([request(1, at=0, input_tokens=tokens), request(2, at=0, output_tokens=3)])
    assert made.tokens.tolist() == [min(tokens, MOST_TOKENS), 3]


def test_a_second_begins_with_its_first_moment() -> None:
    times = [EPOCH, EPOCH + 0.999, EPOCH + 1.0]
    made = batch_of([request(i, at=0) for i in range(3)], times, range(3), seed=0)
    assert made.ticks.tolist() == [EPOCH, EPOCH, EPOCH + 1]


def test_a_batch_may_be_empty() -> None:
    assert len(batch([])) == 0
