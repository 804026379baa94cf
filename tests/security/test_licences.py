"""What others wrote: every package of the locks is in the report, under a licence that is allowed."""

import re
from email.message import Message

import pytest

from scripts import licences
from scripts.licences import FRONT_LOCK, PIN, REPORT, RUN_LOCK, Part, front_parts, licence_of, python_parts, refused

ROW = re.compile(r"^\| (\S+) \| (\S+) \| ([^|]+) \|", re.MULTILINE)


def stated(**fields: str) -> Message:
    told = Message()
    for name, value in fields.items():
        told[name.replace("_", "-")] = value
    return told


def test_the_report_is_of_these_locks():
    locked = set(PIN.findall(RUN_LOCK.read_text("utf-8")))
    locked |= {(part.name, part.version) for part in front_parts(FRONT_LOCK.read_text("utf-8"))}
    told = {(name, version) for name, version, _licence in ROW.findall(REPORT.read_text("utf-8"))} - {
        ("package", "version")
    }
    assert len(told) > 80
    assert told == locked, "run `make licences`"


def test_every_licence_in_the_report_is_allowed():
    rows = [Part(*row[:2], row[2].strip()) for row in ROW.findall(REPORT.read_text("utf-8")) if row[0] != "package"]
    assert refused(rows) == []


@pytest.mark.parametrize("licence", ["", "GPL-3.0-only", "MIT AND AGPL-3.0-only", "Proprietary", "MITX"])
def test_another_licence_is_refused_by_name(licence: str):
    assert refused([Part("contoh", "1.0", licence)]) == [f"contoh 1.0: {licence or 'no licence found'}"]


@pytest.mark.parametrize("licence", ["MIT", "MIT AND Apache-2.0", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0)"])
def test_one_side_of_a_choice_is_enough(licence: str):
    assert refused([Part("contoh", "1.0", licence)]) == []


def test_a_package_speaks_for_itself_and_vague_words_are_not_guessed():
    assert licence_of("a", stated(License_Expression="MIT", License="GPL")) == "MIT"
    assert licence_of("a", stated(Classifier="License :: OSI Approved :: MIT License")) == "MIT"
    assert licence_of("a", stated(License="BSD")) == ""


def test_a_lock_that_is_not_installed_is_said():
    with pytest.raises(licences.Unlicensed, match="make setup"):
        python_parts("tidak-ada-contoh==9.9 \\\n    --hash=sha256:00\n")
    with pytest.raises(licences.Unlicensed, match="the lock says 0.0.1"):
        python_parts("django==0.0.1 \\\n")


def test_no_registry_is_named():
    assert not licences.REGISTRIES.search(REPORT.read_text("utf-8"))
