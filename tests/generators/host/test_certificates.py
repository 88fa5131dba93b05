"""HTTPS with a certificate of the test's own: who is believed, and which files cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.completion import CompletionRequest, Event, Finished
from generators.host.certificates import UnusableCertificate, server_context
from generators.remote.errors import CertificateRefused, HostAway, NotAnApi
from generators.remote.generator import RemoteGenerator
from generators.scripted import ScriptedGenerator
from tests.fakes.certificates import Authority
from tests.fakes.hosting import hosted
from tests.generators.host.conftest import SCRIPT


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def written(url: str, authority: Path | None) -> list[Event]:
    """What a bot that believes this authority gets from the host."""
    remote = RemoteGenerator(url, authority=authority)
    try:
        async with remote.complete(CompletionRequest(model="remote:scripted", prompt="Once", max_tokens=5)) as events:
            return [event async for event in events]
    finally:
        await remote.close()


async def test_https(authority: Authority) -> None:
    """A bot that is told the authority gets its text from a host with a certificate of it."""
    tls = server_context(*authority.certificate("127.0.0.1"))

    async with hosted(ScriptedGenerator(SCRIPT), tls=tls) as url:
        events = await written(url, authority.path)

    assert url.startswith("https://")
    assert isinstance(events[-1], Finished)


async def test_one_file(authority: Authority) -> None:
    """The certificate and its key may stand in one file."""
    certificate, key = authority.certificate("127.0.0.1")
    certificate.write_bytes(key.read_bytes() + certificate.read_bytes())

    async with hosted(ScriptedGenerator(SCRIPT), tls=server_context(certificate)) as url:
        assert await written(url, authority.path)


@pytest.mark.parametrize(
    ("name", "days", "known", "reason"),
    [
        ("127.0.0.1", 30, False, "unable to get local issuer certificate"),
        ("gpu.example", 30, True, "IP address mismatch"),
        ("127.0.0.1", -1, True, "certificate has expired"),
    ],
)
async def test_refused(authority: Authority, name: str, days: int, known: bool, reason: str) -> None:
    """A certificate of nobody known, of another host, or from long ago is one sentence that names no address."""
    tls = server_context(*authority.certificate(name, days=days))

    async with hosted(ScriptedGenerator(SCRIPT), tls=tls) as url:
        with pytest.raises(CertificateRefused) as caught:
            await written(url, authority.path if known else None)

    assert f"is refused ({reason})" in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


async def test_the_other_protocol(authority: Authority) -> None:
    """HTTPS to a host without a certificate, and HTTP to one with it, are a sentence each."""
    tls = server_context(*authority.certificate("127.0.0.1"))

    async with hosted(ScriptedGenerator(SCRIPT)) as plain, hosted(ScriptedGenerator(SCRIPT), tls=tls) as secure:
        with pytest.raises(NotAnApi, match=r"remote\.url"):
            await written(plain.replace("http:", "https:"), authority.path)
        with pytest.raises(HostAway, match="cannot be reached"):
            await written(secure.replace("https:", "http:"), None)


def test_unusable_files(authority: Authority, tmp_path: Path) -> None:
    """A file that cannot be used is one sentence that names it and the setting."""
    certificate, key = authority.certificate("127.0.0.1")
    _, other = authority.certificate("gpu.example")
    _, sealed = authority.certificate("sealed.example", password=b"hush")
    text = tmp_path / "text.pem"
    text.write_text("nothing")
    wrong = {
        (tmp_path / "none.pem", key): "none.pem cannot be read (No such file or directory); set host.certificate to",
        (tmp_path, key): "cannot be read (Is a directory); set host.certificate to",
        (text, key): "text.pem holds no certificate in PEM form; set host.certificate to",
        (certificate, None): "127.0.0.1.pem holds no private key in PEM form; set host.certificate_key to",
        (certificate, tmp_path / "none.pem"): "cannot be read (No such file or directory); set host.certificate_key to",
        (certificate, other): "gpu.example.key.pem holds another key than that of",
        (certificate, sealed): "sealed.example.key.pem holds a key that is encrypted; `openssl pkey -in",
    }

    for files, sentence in wrong.items():
        with pytest.raises(UnusableCertificate) as caught:
            server_context(*files)

        assert sentence in str(caught.value)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)
