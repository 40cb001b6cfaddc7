"""An HTTPS proxy on loopback, for clients that speak to nothing but `https://….salesforce.com`.

Whatever host a client asks for, it reaches the sandbox: the proxy answers CONNECT, ends TLS with a certificate of an
authority made for this run, and passes the bytes on as they are. The `Host` header stays what the client sent, so the
org calls itself that. It is for tests only: it looks at no destination and keeps its keys in a folder of the run.
"""

import asyncio
import datetime
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HOSTS = ["*.salesforce.com", "*.my.salesforce.com", "localhost"]
CHUNK_BYTES = 64 * 1024


class Front:
    """The proxy, running in a thread until the process ends. `url` is its address, `ca_file` its authority."""

    def __init__(self, origin, folder):
        self.folder = Path(folder)
        self.target = urlsplit(origin)
        self.ca_file = self.folder / "authority.pem"
        self.context = self._context()
        started = threading.Event()
        threading.Thread(target=self._run, args=[started], daemon=True).start()
        started.wait()

    def _context(self):
        authority_key, authority = certify("Sandbox test authority")
        key, certificate = certify("Sandbox front", issuer=(authority_key, authority))
        self.ca_file.write_bytes(pem(authority))
        chain, private = self.folder / "front.pem", self.folder / "front.key"
        chain.write_bytes(pem(certificate))
        private.write_bytes(private_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        return context

    def _run(self, started):
        asyncio.run(self._serve(started))

    async def _serve(self, started):
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        await server.serve_forever()

    async def _connection(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(self.context)
            org_reader, org_writer = await asyncio.open_connection(
                self.target.hostname, self.target.port
            )
            await asyncio.gather(pump(reader, org_writer), pump(org_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


async def pump(reader, writer):
    """Passes bytes on until there are no more, then hangs up."""
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass  # One side hung up; so does the other.
    finally:
        writer.close()


def certify(name, issuer=None):
    """A fresh key and its certificate, good for a day; without an issuer it is an authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, issued_by = (key, subject) if issuer is None else (issuer[0], issuer[1].subject)
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
        builder = builder.add_extension(names, critical=False)
    return key, builder.sign(signer, hashes.SHA256())


def pem(certificate):
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key):
    """A private key as text, not encrypted."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())
