"""Is a signed PDF as it was written? Needs no database, settings or network: whoever has the certificate can ask.

docs/documents.md names public programs that answer the same question.
"""

import hashlib
import io
import logging
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

MOST_BYTES = 60 * 1024 * 1024


class NotAPaper(Exception):
    """No PDF, or one without a signature; the text says which."""


@dataclass(frozen=True)
class Told:
    """What the signature says. Only `holds` is a yes: as written, by the certificate asked about, and nothing after."""

    sha256: str
    signer: str
    fingerprint: str  # SHA-256 of the certificate found inside
    signed_at: datetime | None  # by the signer's own clock
    is_intact: bool  # the signed bytes are those that were signed
    is_whole: bool  # nothing was added behind them
    is_known: bool  # the certificate is the one asked about, or was issued under it

    @property
    def holds(self) -> bool:
        return self.is_intact and self.is_whole and self.is_known


def verify_pdf(content: bytes, certificate_pem: bytes) -> Told:
    """Raises NotAPaper; ValueError when `certificate_pem` holds no certificate."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.errors import SignatureValidationError

    trusted = x509.load_pem_x509_certificates(certificate_pem)
    if len(content) > MOST_BYTES:
        raise NotAPaper("the file is larger than any paper of ours")
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it logs a trace for each broken file; we say it in words
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        signatures = PdfFileReader(io.BytesIO(content), strict=False).embedded_signatures
    except (PdfError, SignatureValidationError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as bad:
        raise NotAPaper("this is no readable PDF file") from bad
    if not signatures:
        raise NotAPaper("nobody signed this file")
    try:
        return _judge(signatures[-1], content, trusted)
    except (PdfError, SignatureValidationError, ValueError, TypeError, KeyError, AttributeError) as bad:
        raise NotAPaper("its signature cannot be read") from bad


def _judge(signature: object, content: bytes, trusted: list[x509.Certificate]) -> Told:
    from asn1crypto import x509 as asn1_x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in trusted]
    context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
    status = validate_pdf_signature(signature, context)  # type: ignore[arg-type]
    certificate = status.signing_cert
    return Told(
        sha256=hashlib.sha256(content).hexdigest(),
        signer=str(certificate.subject.native.get("common_name", "")),
        fingerprint=hashlib.sha256(certificate.dump()).hexdigest(),
        signed_at=status.signer_reported_dt,
        is_intact=bool(status.intact and status.valid),
        is_whole=status.coverage == SignatureCoverageLevel.ENTIRE_FILE and _is_plain(signature, content),
        is_known=bool(status.trusted),
    )


def _is_plain(signature: object, content: bytes) -> bool:
    """Nothing but the signature stands where nobody signed: hexadecimal digits of one case, then only zeros.

    The place of the signature cannot be signed itself; without this, its filling could be altered unseen.
    """
    from asn1crypto import cms

    first, length, second, rest = (int(one) for one in signature.byte_range)  # type: ignore[attr-defined]
    hole = content[first + length : second]
    raw = bytes.fromhex(hole[1:-1].decode("ascii"))
    padding = raw[len(cms.ContentInfo.load(raw).dump()) :]
    return (
        (first, second + rest) == (0, len(content))
        and hole in (b"<%s>" % raw.hex().encode(), b"<%s>" % raw.hex().upper().encode())
        and not any(padding)
    )
