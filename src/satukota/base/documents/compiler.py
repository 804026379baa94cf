"""One PDF in a process of its own: a runaway template is ended by the system and takes nobody with it.

Started by `making` as `python -I compiler.py`, never imported by it. Reads one JSON object on standard input:
{"root", "template", "data", "at" (seconds since 1970), "cpu_s", "bytes"}; writes the PDF, or to standard error what
Typst says, with exit code 1. Only what Typst itself carries is used as fonts, only files under `root` are read, and
packages are looked for in an empty folder and behind a proxy that does not answer: nothing is fetched.

Archivable PDF refuses letters its fonts do not have; they are replaced by a question mark, and the paper says so
(`unprintable` in the data).
"""

import json
import os
import re
import resource
import sys
import tempfile
from typing import Any

NOBODY = "http://127.0.0.1:9"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
UNPRINTABLE = re.compile(r'the text `"(.*?)"` could not be displayed')
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
NO_FONTS: list[str] = []  # beside those Typst carries
MOST_PASSES = 300  # as many different letters no font has
STANDARDS: list[Any] = ["a-2a", "ua-1"]  # archivable (ISO 19005-2) and readable by screen readers (ISO 14289-1)


def main() -> int:
    asked = json.load(sys.stdin.buffer)
    template, root = str(asked["template"]), str(asked["root"])
    resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu_s"], asked["cpu_s"] + 1))
    resource.setrlimit(resource.RLIMIT_AS, (asked["bytes"], asked["bytes"]))
    for name in PROXIES:
        os.environ[name] = NOBODY
    import typst

    with tempfile.TemporaryDirectory() as nothing:
        for _pass in range(MOST_PASSES):
            try:
                made = typst.compile(
                    template, root=root, sys_inputs={"data": asked["data"]}, timestamp=asked["at"],
                    ignore_system_fonts=True, font_paths=NO_FONTS, package_path=nothing, package_cache_path=nothing,
                    format="pdf", pdf_standards=STANDARDS,
                )  # fmt: skip
            except typst.TypstError as problem:
                found = UNPRINTABLE.search(str(problem))
                if not found:
                    print(problem, file=sys.stderr)
                    return 1
                asked["data"] = _printable(asked["data"], found[1])
            else:
                sys.stdout.buffer.write(made)
                return 0
    print("more letters than can be replaced have no font", file=sys.stderr)
    return 1


def _printable(data: str, quoted: str) -> str:
    """The data with the letters Typst quotes (as Rust writes them) replaced in every text."""
    letters = ESCAPED.sub(lambda code: chr(int(code[1], 16)), quoted)
    return json.dumps(_replaced(json.loads(data), letters) | {"unprintable": True}, ensure_ascii=False)


def _replaced(value: Any, letters: str) -> Any:
    if isinstance(value, str):
        return value.replace(letters, "?")
    if isinstance(value, list):
        return [_replaced(one, letters) for one in value]
    return {key: _replaced(one, letters) for key, one in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    sys.exit(main())
