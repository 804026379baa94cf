"""RFC 6962 trees: the RFC's own shape, and every row of every small tree provable, no other."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satukota.base.audit import merkle

ROWS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(40)]
# Roots of the test vectors of Certificate Transparency (certificate-transparency-go, merkle tree tests), whose leaves
# are not 32 bytes long: the functions take any bytes.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def grown(rows):
    tree = merkle.Growing()
    for row in rows:
        tree.add(row)
    return tree.root()


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_of_certificate_transparency(count):
    assert grown(CT_LEAVES[:count]) == CT_ROOTS[count - 1]


def test_of_nothing_the_root_is_the_hash_of_nothing():
    assert grown([]) == hashlib.sha256().hexdigest()


@pytest.mark.parametrize("count", range(1, 35))
def test_each_row_is_proven_at_its_own_place_only(count):
    rows, root = ROWS[:count], grown(ROWS[:count])
    for place, row in enumerate(rows):
        path = merkle.path(rows, place)
        assert merkle.root_by_path(row, place, count, path) == root
        assert merkle.root_by_path(ROWS[-1], place, count, path) != root
        assert all(merkle.root_by_path(row, other, count, path) != root for other in range(count) if other != place)
        assert merkle.root_by_path(row, place, count, [*path, row]) != root
        if path:
            assert merkle.root_by_path(row, place, count, path[:-1]) != root


@given(st.integers(-5, 50), st.integers(-5, 50), st.lists(st.sampled_from(ROWS), max_size=8))
def test_a_path_that_cannot_be_is_no_error(place, count, path):
    assert isinstance(merkle.root_by_path(ROWS[0], place, count, path), str)


def test_there_is_no_path_to_a_place_outside():
    for place in (-1, 3):
        with pytest.raises(IndexError):
            merkle.path(ROWS[:3], place)
