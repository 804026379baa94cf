"""A log line is one line with the offset of its time, whatever somebody wrote into it."""

import logging
import re

from satukota.base.health.lines import OneLine


def test_a_line_break_in_a_text_forges_no_line() -> None:
    form = OneLine("{asctime} {levelname} {message}", style="{")
    told = form.format(logging.LogRecord("x", logging.INFO, "", 0, "name %s", ("a\r\n2026 ERROR forged",), None))
    assert "\n" not in told and "\r" not in told and told.endswith("name a\\r\\n2026 ERROR forged")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} INFO ", told)
