"""docs/access-matrix.md says what the code says."""

from satukota.project import access_table


def test_the_table_in_the_docs_is_current():
    assert access_table.PAGE.read_text(encoding="utf-8") == access_table.table(), "run: satukota access matrix"
