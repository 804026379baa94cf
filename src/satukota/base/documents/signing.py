"""PAdES signatures over PDF files, by the certificate of this installation or one the city was given.

The installation makes its own at its first start (`var/letters.pem`): self-signed, so it proves that a file is as this
installation wrote it, not who the city is. Papers say so. A certificate of a recognised authority goes into
SATUKOTA_SIGNING_FILE (PKCS#12) with its password in SATUKOTA_SIGNING_PASSWORD_FILE.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

YEARS = 10
FIELD = "Satukota"


@dataclass(frozen=True)
class Identity:
    """With what papers are signed. `pem` is the public certificate; `chain_der` those above it."""

    key_der: bytes
    certificate_der: bytes
    chain_der: tuple[bytes, ...]
    is_self_made: bool

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.certificate_der)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def name(self) -> str:
        return name_of(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, 64 hexadecimal digits."""
        return hashlib.sha256(self.certificate_der).hexdigest()


def name_of(certificate: x509.Certificate) -> str:
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else certificate.subject.rfc4514_string()


def make_own(host: str) -> str:
    """A new key and self-signed certificate of this installation as PEM text: key first. P-256, ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, f"Satukota {host}"[:64]),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Buatan sendiri (self-signed)"),
    ])  # fmt: skip
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of readers differ
        .not_valid_after(now + timedelta(days=366 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (secret + certificate.public_bytes(Encoding.PEM)).decode("ascii")


def identity() -> Identity:
    """The one in force. Raises ValueError when its file cannot be opened."""
    from django.conf import settings

    if settings.SIGNING_FILE:
        return read_given(Path(settings.SIGNING_FILE), settings.SIGNING_PASSWORD)
    return read_own(settings.SIGNING_OWN_KEY)


@lru_cache(maxsize=4)
def read_own(pem: str) -> Identity:
    key = load_pem_private_key(pem.encode(), None)
    return _identity(key, x509.load_pem_x509_certificate(pem.encode()), (), is_self_made=True)


def read_given(path: Path, password: str) -> Identity:
    """A PKCS#12 file (.p12, .pfx). Raises ValueError with one sentence, never naming the password."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ValueError(f"{path} cannot be read: {problem.strerror}") from problem
    return _read_given(content, password)


@lru_cache(maxsize=4)
def _read_given(content: bytes, password: str) -> Identity:
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, password.encode() or None)
    except ValueError as problem:
        raise ValueError("it is no PKCS#12 file, or the password is another one") from problem
    if key is None or certificate is None:
        raise ValueError("it holds no private key with its certificate")
    return _identity(key, certificate, others, is_self_made=certificate.issuer == certificate.subject)


def _identity(key: object, certificate: x509.Certificate, others: object, *, is_self_made: bool) -> Identity:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    chain = tuple(one.public_bytes(Encoding.DER) for one in others)  # type: ignore[attr-defined]
    return Identity(der, certificate.public_bytes(Encoding.DER), chain, is_self_made)


def usable(who: Identity) -> Identity:
    """The identity, unless it signs nothing today. Raises ValueError outside the days of its certificate."""
    certificate = who.certificate
    if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
        raise ValueError("the signing certificate has ended or has not begun")
    return who


def sign_pdf(pdf: bytes, *, by: Identity, reason: str) -> bytes:
    """The PDF with a certifying PAdES signature (no change allowed after it) and its certificates, signed now.

    The moment in it is the signer's own clock: there is no time-stamp authority. `by` is `usable`.
    """
    from asn1crypto import keys as asn1_keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    store.register_multiple(asn1_x509.Certificate.load(der) for der in by.chain_der)
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(by.certificate_der),
        signing_key=asn1_keys.PrivateKeyInfo.load(by.key_der),
        cert_registry=store,
    )
    said = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", reason=reason, name=by.name, certify=True,
        subfilter=fields.SigSeedSubFilter.PADES, docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )  # fmt: skip
    out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), said, signer=signer)
    return out.getvalue()
