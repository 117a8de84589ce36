"""Tests that one process runs, for tests/test_suite.py; the suite itself does not collect them."""

import pytest

pytestmark = pytest.mark.xdist_group("one")


@pytest.mark.parametrize("number", range(6))
def test_it_is_in_the_group(number: int) -> None:
    assert number < 6
