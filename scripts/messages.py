"""`make messages`: collects the texts to translate. The source language is Indonesian; English is the translation."""

import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from scripts.steps import ROOT, VENV_PYTHON, ends_with_a_sentence, run, step, var_folder

LOCALE = ROOT / "src" / "satukota" / "locale"
LANGUAGES = ("en",)
BABEL = (VENV_PYTHON, "-m", "babel.messages.frontend")
ABOUT = "# Screen texts of Satukota; the source language is Indonesian. `make messages` keeps this list complete."
# Fields babel writes that change with every run, or are placeholders for names.
IDLE_FIELDS = (
    "Project-Id-Version",
    "Report-Msgid-Bugs-To",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Generated-By",
)


def main() -> None:
    template = var_folder() / "django.pot"
    template.parent.mkdir(parents=True, exist_ok=True)
    with step("Collecting texts"):
        collect(template)
    for language in LANGUAGES:
        with step(f"src/satukota/locale/{language}"):
            update(template, language)


def collect(template: Path) -> None:
    """Write every text of the product to `template`, untranslated."""
    words = f"extract -F babel.cfg -k __ -k gettext_lazy -k ngettext_lazy:1,2 -k pgettext_lazy:1c,2 -o {template}"
    texts = [*words.split(), "--no-location", "--sort-output", "--project", "satukota", "src/satukota"]
    run([*BABEL, *texts], why="Texts could not be collected")


def texts_of_template(
    file: BinaryIO, keywords: Any, comment_tags: Sequence[str], options: Any
) -> Iterable[tuple[Any, ...]]:
    """What babel calls for each template (babel.cfg): Django turns it into Python calls, babel reads those."""
    from babel.messages.extract import extract_python
    from django.utils.translation.template import templatize

    calls = templatize(file.read().decode("utf-8"))
    return extract_python(io.BytesIO(calls.encode("utf-8")), keywords, comment_tags, options)


def texts_of_words(
    file: BinaryIO, keywords: Any, comment_tags: Sequence[str], options: Any
) -> Iterable[tuple[Any, ...]]:
    """What babel calls for parts that know no Django: each text given to `Words`, which pages translate when shown."""
    from babel.messages.extract import extract_python

    for line, _name, texts, comments in extract_python(file, {"Words": None}, comment_tags, options):
        for text in texts if isinstance(texts, tuple) else [texts]:
            yield line, None, text, comments


def update(template: Path, language: str) -> None:
    """Bring one catalogue up to date; translations that still fit are kept."""
    known = (LOCALE / language / "LC_MESSAGES" / "django.po").is_file()
    command = ["update", "--no-fuzzy-matching", "--ignore-obsolete"] if known else ["init"]
    run(
        [*BABEL, *command, "-D", "django", "-i", template, "-d", LOCALE, "-l", language],
        why=f"The catalogue of {language} could not be written",
    )
    catalogue = LOCALE / language / "LC_MESSAGES" / "django.po"
    catalogue.write_text(with_plain_header(catalogue.read_text(encoding="utf-8")), encoding="utf-8")


def with_plain_header(catalogue: str) -> str:
    """The text of a .po file without `IDLE_FIELDS` and babel's opening comment: it changes only when a text does."""
    head, entries = catalogue.lstrip("\n").split("\n\n", 1)
    idle = tuple(f'"{field}:' for field in IDLE_FIELDS)
    kept = [line for line in head.splitlines() if not line.startswith(("#", *idle))]
    return "\n".join([ABOUT, *kept]) + "\n\n" + entries


if __name__ == "__main__":
    sys.exit(ends_with_a_sentence(main))
