"""TLS and mutual TLS."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inventory.api.app import Server

VERSION = "/spaceone.api.core.v1.ServerInfo/get_version"


@dataclass(frozen=True)
class Pair:
    """A self-signed certificate and its key, PEM."""

    certificate: bytes
    key: bytes


def make_pair(name: str) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def call(server: Server, credentials: grpc.ChannelCredentials) -> bytes:
    with grpc.secure_channel(server.address, credentials) as channel:
        answer: bytes = channel.unary_unary(VERSION)(b"", timeout=60)
        return answer


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The server's certificate and key as files."""
    own = make_pair("server")
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    certificate.write_bytes(own.certificate)
    key.write_bytes(own.key)
    return {"tls_certificate_file": certificate, "tls_key_file": key}


def test_tls_answers_and_plain_text_does_not(start: Callable[..., Server], files: dict[str, Path]) -> None:
    server = start(**files)

    assert call(server, grpc.ssl_channel_credentials(files["tls_certificate_file"].read_bytes()))
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary(VERSION)(b"", timeout=3)


def test_mutual_tls_demands_a_certificate_of_the_right_ca(
    start: Callable[..., Server], files: dict[str, Path], tmp_path: Path
) -> None:
    trusted, stranger = make_pair("trusted"), make_pair("stranger")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(trusted.certificate)
    server = start(**files, tls_client_ca_file=ca)
    root = files["tls_certificate_file"].read_bytes()

    assert call(server, grpc.ssl_channel_credentials(root, trusted.key, trusted.certificate))
    with pytest.raises(grpc.RpcError):
        call(server, grpc.ssl_channel_credentials(root, stranger.key, stranger.certificate))
    with pytest.raises(grpc.RpcError):
        call(server, grpc.ssl_channel_credentials(root))


def served_certificate(server: Server) -> bytes:
    host, _, port = server.address.rpartition(":")
    return ssl.get_server_certificate((host, int(port)), timeout=60).encode()


def test_a_renewed_certificate_is_shown_without_a_restart(start: Callable[..., Server], files: dict[str, Path]) -> None:
    server = start(**files)
    old = files["tls_certificate_file"].read_bytes()
    assert served_certificate(server).strip() == old.strip()

    renewed = make_pair("renewed")
    files["tls_key_file"].write_bytes(renewed.key)
    assert served_certificate(server).strip() == old.strip(), "half of a pair is not shown"
    files["tls_certificate_file"].write_bytes(renewed.certificate)

    assert served_certificate(server).strip() == renewed.certificate.strip()
    assert call(server, grpc.ssl_channel_credentials(renewed.certificate))
    files["tls_certificate_file"].unlink()
    assert served_certificate(server).strip() == renewed.certificate.strip(), "the last good one stays"


def test_the_ca_of_clients_is_replaced_without_a_restart(
    start: Callable[..., Server], files: dict[str, Path], tmp_path: Path
) -> None:
    before, after = make_pair("before"), make_pair("after")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(before.certificate)
    server = start(**files, tls_client_ca_file=ca)
    root = files["tls_certificate_file"].read_bytes()
    assert call(server, grpc.ssl_channel_credentials(root, before.key, before.certificate))

    ca.write_bytes(after.certificate)

    assert call(server, grpc.ssl_channel_credentials(root, after.key, after.certificate))
    with pytest.raises(grpc.RpcError):
        call(server, grpc.ssl_channel_credentials(root, before.key, before.certificate))
    with pytest.raises(grpc.RpcError):
        call(server, grpc.ssl_channel_credentials(root))
