"""How passwords are kept: Argon2id with the memory OWASP asks for, on one lane.

Django's default takes 100 MB on eight lanes: four people signing in at once would hold 400 MB. bench_login
measures this one. A hash made with other costs is made anew at the person's next sign-in.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class SignInHasher(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 46 * 1024  # KiB; OWASP Password Storage Cheat Sheet: 46 MiB with one pass is enough, two are better
    parallelism = 1
