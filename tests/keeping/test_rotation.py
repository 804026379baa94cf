"""A key changes while another process reads and writes; killed in the middle it goes on."""

import pytest

pytestmark = pytest.mark.slow

OTHER = """
from satukota.base.secrets import keys
from satukota.city.models import Person
first = keys()[0].id
print("ready", flush=True)
n, seen = 0, set()
while True:
    for person in Person.objects.order_by("pk"):
        plain = person.phone.open()
        assert plain.startswith("0800"), plain
        person.phone = f"0800-{n:03d}-{person.pk:04d}"
        person.save()
        seen.add(keys()[0].id)
    n += 1
    if len(seen) > 1:
        print("new key seen", flush=True)
        break
"""
CHECK = """
from satukota.base.secrets import rotating, keys
from satukota.base.secrets.hashing import keyed_hash
from satukota.city.models import Person
for person in Person.objects.all():
    assert person.phone.open().startswith("0800")
    assert person.phone_hash == keyed_hash("phone", person.phone.open())
print([use.values for use in rotating.uses()])
"""


def sealed_in(city) -> int:
    """How many values the sample city seals."""
    return sum(eval(city.python(CHECK)))  # a list of numbers, printed by our own code


def test_a_running_process_takes_the_new_key_and_nothing_is_lost(city):
    number = sealed_in(city)
    assert number > 30
    other = city.python(OTHER, wait=False)
    assert other.stdout.readline() == "ready\n"
    city.run("keys", "rotate")
    out, err = other.communicate(timeout=120)
    assert "new key seen" in out, err
    newest, *older = eval(city.python(CHECK))
    assert newest + sum(older) == number and sum(older) <= 1  # one may have been on its way in under the old key
    city.run("keys", "resume")
    assert eval(city.python(CHECK))[0] == number
    assert "Tidak ada yang ditarik" in city.run("keys", "retire")
    assert "Kunci ditarik" in city.run("keys", "retire", "--without-rest")
    assert eval(city.python(CHECK)) == [number]


def test_a_rotation_killed_in_the_middle_goes_on(city):
    slow = "from satukota.base.secrets import rotating; import time\n" \
           "real = rotating._reseal_value\n" \
           "def slowly(*words):\n    print('one', flush=True); time.sleep(0.2); return real(*words)\n" \
           "rotating._reseal_value, rotating.BATCH = slowly, 3\n" \
           "from django.utils import timezone; rotating.rotate(timezone.now())"  # fmt: skip
    number = sealed_in(city)
    running = city.python(slow, wait=False)
    for _ in range(10):
        assert running.stdout.readline() == "one\n"
    running.kill()
    running.communicate()
    newest, older = eval(city.python(CHECK))
    assert newest >= 6 and older > 0 and newest + older == number
    assert "Tidak ada yang ditarik" in city.run("keys", "retire", "--without-rest")
    assert "Selesai" in city.run("keys", "resume")
    assert eval(city.python(CHECK)) == [number, 0]
