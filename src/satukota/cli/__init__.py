"""`satukota`: the one command-line door.

Nothing heavy is imported before it is known what is asked for: `satukota --help` answers in a few hundredths of a
second, Django is loaded only by the commands that need it.
"""

import difflib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from satukota.project.speech import say

WRONG_USE = 2


@dataclass(frozen=True)
class Command:
    """`run` gets the words after the command's name and returns the exit code."""

    run: Callable[[list[str]], int]
    indonesian: str
    english: str


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code. An unknown command gets a sentence and exit code 2."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in {"-h", "--help", "help", "bantuan"}:
        print(_help())
        return 0 if words else WRONG_USE
    name, rest = words[0], words[1:]
    command = COMMANDS.get(name)
    if command is None:
        print(_unknown(name), file=sys.stderr)
        return WRONG_USE
    return command.run(rest)


def _help() -> str:
    lines = [say("Satukota. Pemakaian: satukota PERINTAH …", "Satukota. Usage: satukota COMMAND …"), ""]
    width = max(map(len, COMMANDS))
    lines += [f"  {name:{width}}  {say(entry.indonesian, entry.english)}" for name, entry in COMMANDS.items()]
    lines += ["", say("satukota PERINTAH --help menjelaskan satu perintah.", "satukota COMMAND --help explains one.")]
    return "\n".join(lines)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = say(f" Mungkin maksud Anda: satukota {near[0]}.", f" Did you mean: satukota {near[0]}?") if near else ""
    return say(
        f"Tidak ada perintah “{name}”.{hint} Daftar perintah: satukota --help",
        f"There is no command “{name}”.{hint} For the list: satukota --help",
    )


def _run(words: list[str]) -> int:
    from satukota.project import supervisor

    return supervisor.main(words)


def _field(words: list[str]) -> int:
    from satukota_field.cli import main as field_main

    return field_main(words)


def _sample(words: list[str]) -> int:
    _settings()
    from satukota.project.sample import doors

    return doors.main(words)


def _web(words: list[str]) -> int:
    _settings()
    port = os.environ.get("SATUKOTA_PORT", "8000")
    return _become(
        ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "--blocking-threads", "4"]
        + ["--no-ws", "--respawn-failed-workers", *words, "satukota.project.wsgi_warm:application"]
    )


def _feed(words: list[str]) -> int:
    _settings()
    port = os.environ.get("SATUKOTA_FEED_PORT", "8001")
    return _become(
        ["uvicorn", "--host", "127.0.0.1", "--port", port, "--no-access-log", "--timeout-graceful-shutdown", "2"]
        + ["--lifespan", "on", *words, "satukota.project.feed_asgi:application"]
    )


def _live(words: list[str]) -> int:
    _settings()
    port = os.environ.get("SATUKOTA_LIVE_PORT", "8004")
    return _become(
        ["uvicorn", "--host", "127.0.0.1", "--port", port, "--no-access-log", "--timeout-graceful-shutdown", "2"]
        + [
            "--lifespan",
            "on",
            "--ws",
            "satukota.work.cameras.live.wire:LiveProtocol",
            "--ws-per-message-deflate",
            "false",
        ]
        + ["--ws-max-size", "65536", "--log-level", "warning", *words, "satukota.project.live_asgi:application"]
    )


def _become(words: list[str]) -> int:
    """Replace this process by a module of the same Python, so signals reach it directly."""
    os.execv(sys.executable, [sys.executable, "-m", *words])


def _django(*first: str) -> Callable[[list[str]], int]:
    """A command that Django carries out: `first` are the words put before the person's."""

    def run(words: list[str]) -> int:
        _settings()
        from django.core.management import execute_from_command_line

        execute_from_command_line(["satukota", *first, *words])
        return 0

    return run


def _audit(words: list[str]) -> int:
    """An export is verified without database and settings; the other acts set Django up."""
    from satukota.base.audit import command_line

    def set_up() -> None:
        _settings()
        import django

        django.setup()

    return command_line.main(words, set_up)


def _evidence(words: list[str]) -> int:
    """Needs neither database nor settings: whoever received a package can run it."""
    from satukota.base.evidence import command_line

    return command_line.main(words)


def _verify_letter(words: list[str]) -> int:
    """Needs no database; without --certificate, the settings for the installation's own."""
    from satukota.base.documents import command_line

    return command_line.main(words, _settings)


def _import(words: list[str]) -> int:
    """`import KIND …` is the Django command import_KIND; a kind that does not exist gets the list of those that do."""
    _settings()
    import django
    from django.core.management import get_commands

    django.setup()
    kinds = sorted(name.removeprefix("import_") for name in get_commands() if name.startswith("import_"))
    if words and words[0] in kinds:
        return _django(f"import_{words[0]}")(words[1:])
    usage = say("Pemakaian: satukota import", "Usage: satukota import")
    print(f"{usage} {'|'.join(kinds)} …", file=sys.stderr)
    return WRONG_USE


def _access(words: list[str]) -> int:
    _settings()
    from satukota.project import access_table

    return access_table.main(words)


def _settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "satukota.project.settings")


COMMANDS = {
    "run": Command(_run, "menyalakan semuanya dan menjaganya tetap hidup", "start everything and keep it alive"),
    "sample": Command(_sample, "kota contoh: load, logins", "the sample city: load, logins"),
    "import": Command(_import, "memasukkan register dari berkas", "bring registers in from a file"),
    "audit": Command(_audit, "log audit: verify, export, prove, seal", "the audit log: verify, export, prove, seal"),
    "evidence": Command(_evidence, "paket bukti: verify", "a package of evidence: verify"),
    "verify-letter": Command(_verify_letter, "memeriksa surat PDF yang ditandatangani", "check a signed PDF letter"),
    "keys": Command(_django("keys"), "kunci segel: list, rotate, resume, retire", "sealing keys: list, rotate, …"),
    "backup": Command(
        _django("backup"), "cadangan tersandi; verify: membuktikannya", "encrypted backup; verify: prove it"
    ),
    "restore": Command(_django("restore"), "memulihkan dari cadangan", "bring back what a backup holds"),
    "move": Command(_django("move"), "pindah ke basis data lain", "everything into another database"),
    "export": Command(_django("export"), "semua data dalam bentuk terbuka", "all data in open formats"),
    "retention": Command(_django("retention"), "aturan dan tanda terima penghapusan", "deletion rules and receipts"),
    "access": Command(_access, "matrix: siapa boleh membuka apa", "matrix: who may open what"),
    "field": Command(_field, "simulator lapangan: kamera contoh", "field simulator: sample cameras"),
    "web": Command(_web, "halaman dan API (WSGI)", "pages and API (WSGI)"),
    "feed": Command(_feed, "umpan langsung (ASGI)", "live feed (ASGI)"),
    "live": Command(_live, "gambar langsung (ASGI)", "live pictures (ASGI)"),
    "watch": Command(_django("watch"), "pengawas: melihat semua yang dijaga", "looks at everything that is watched"),
    "jobs": Command(_django("jobs"), "pekerja latar belakang, pengirim pesan", "background jobs, sending messages"),
    "catch": Command(_django("catch"), "penangkap pesan contoh", "catches the sample city's messages"),
    "manage": Command(_django(), "perintah Django apa pun", "any Django command"),
}
