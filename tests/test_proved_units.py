"""The fast tier of `make prove`: E4M3, E5M2 and INT8 units, core and unit, with planted bugs."""

import pytest

from fp8mac.proofs.certificate import FAST
from fp8mac.proofs.checks import Kind, failures
from fp8mac.proofs.prove import prove_units


@pytest.mark.parametrize("config", FAST, ids=lambda config: config.slug)
def test_unit_is_proved(config):
    records = prove_units([config], jobs=1)
    assert failures(records) == []
    assert [record.check.kind for record in records].count(Kind.STEP) == 2
    assert {record.check.core for record in records if record.check.kind is Kind.NETLIST} == {
        True,
        False,
    }
