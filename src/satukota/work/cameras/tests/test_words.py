"""Every cause a look can end with is told in words, wherever it shows."""

import re
from pathlib import Path

import pytest

import satukota
from satukota.rules.picture_truth.memory import CAUSES_KEPT
from satukota.shared.monitoring import queries as monitoring
from satukota.work.cameras.causes import UNKNOWN_CAUSES
from satukota.work.cameras.words import UNVERIFIED_CAUSES, cause_words, step_said, trail_rows

SOURCES = Path(satukota.__file__).parent
NAMED = re.compile(
    r'(?:Evidence|StreamFault|EyeFailed|StreamFinding)\(\s*"(\w+)"|unverified="(\w+)"|UNVERIFIED, "(\w+)"'
)


def causes_in_the_code():
    texts = [path.read_text() for folder in ("rules/picture_truth", "work/cameras")
             for path in (SOURCES / folder).rglob("*.py") if "tests" not in path.parts]  # fmt: skip
    found = {name for text in texts for match in NAMED.findall(text) for name in match if name}
    assert len(found) > 20, "the pattern still finds them"
    return sorted(found | {*CAUSES_KEPT, *UNKNOWN_CAUSES, *UNVERIFIED_CAUSES})


@pytest.mark.parametrize("cause", causes_in_the_code())
def test_each_cause_has_a_sentence_and_a_next_step(cause):
    words = cause_words(cause)
    assert str(words.title) not in ("", cause, cause.replace("_", " ")) and str(words.next_step)
    assert words.next_step != monitoring.words("camera", "nobody_knows").next_step
    assert step_said(cause) == str(words.title)


def test_a_trail_tells_causes_in_words_and_leaves_what_the_other_side_said():
    trail = [{"step": "rtsp", "ok": False, "said": "401 Digest"}, {"step": "truth", "ok": True, "said": "(turned?)"}]
    assert [step["said"] for _name, step in trail_rows(trail)] == ["401 Digest", f"({cause_words('turned').title}?)"]
    assert step_said("") == ""
