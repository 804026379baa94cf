"""How a secret looks where it must be recognised but not read."""

DOT = "•"
HIDDEN = DOT * 6


def hidden(plain: str) -> str:
    """Says that there is something, not even how long it is."""
    return HIDDEN if plain else ""


def phone(plain: str) -> str:
    """08••••••89: two digits at each end, enough to tell two numbers of one person apart, too little to call."""
    digits = "".join(filter(str.isdigit, plain))
    if len(digits) < 7:
        return hidden(plain)
    return digits[:2] + DOT * (len(digits) - 4) + digits[-2:]


def nik(plain: str) -> str:
    """6474••••••••0001: neither the day of birth nor the kecamatan."""
    return plain[:4] + DOT * 8 + plain[-4:] if len(plain) == 16 else hidden(plain)


def contact(plain: str) -> str:
    """A name, a number or an address in one text: the first letter of each word, and the masked number."""
    return " ".join(_word(word) for word in plain.split())


def _word(word: str) -> str:
    if sum(map(str.isdigit, word)) >= 7:
        return phone(word)
    return word[:1] + DOT * 3 if len(word) > 1 else DOT
