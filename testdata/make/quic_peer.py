#!/usr/bin/env python3
"""QUIC by aioquic: quic_peer.py serve CERT KEY, or quic_peer.py use ADDRESS CERT.

The server is on 443, on 853 for DNS over QUIC, on 4433 with a Retry, on 4434 with version 2
alone, and on 4435 with tickets. The client runs one connection after the other.
"""
import asyncio
import ssl
import struct
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived
from aioquic.quic.packet import QuicProtocolVersion

V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2


class Server(QuicConnectionProtocol):
    """Answers every stream when it has ended."""

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self._quic.send_stream_data(event.stream_id, b"hello\n", True)
            self.transmit()


class Client(QuicConnectionProtocol):
    """Takes the answers."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.answers = {}

    def ask(self):
        """Sends a request and returns a future of the answer."""
        number = self._quic.get_next_available_stream_id()
        self.answers[number] = asyncio.get_running_loop().create_future()
        self._quic.send_stream_data(number, b"GET /\r\n", True)
        self.transmit()
        return self.answers[number]

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self.answers.pop(event.stream_id).set_result(event.data)


async def serve_all(cert, key):
    tickets = {}

    def configuration(**kwargs):
        c = QuicConfiguration(is_client=False, **kwargs)
        c.load_cert_chain(cert, key)
        return c

    web = ["hq-interop"]
    for port, c, retry in (
        (443, configuration(alpn_protocols=web), False),
        (853, configuration(alpn_protocols=["doq"]), False),
        (4433, configuration(alpn_protocols=web), True),
        (4434, configuration(alpn_protocols=web, supported_versions=[V2]), False),
        (4435, configuration(alpn_protocols=web, max_datagram_frame_size=0), False),
    ):
        await serve(
            "::", port, configuration=c, create_protocol=Server, retry=retry,
            session_ticket_fetcher=lambda label: tickets.pop(label, None),
            session_ticket_handler=lambda t: tickets.__setitem__(t.ticket, t),
        )
    await asyncio.Event().wait()


async def use(host, cert):
    kept = []

    def client(port, early=False, ticket=None, name="quic.example.test", alpn=("hq-interop",), **kwargs):
        c = QuicConfiguration(
            is_client=True, alpn_protocols=list(alpn), server_name=name, session_ticket=ticket, idle_timeout=5,
            verify_mode=ssl.CERT_NONE, **kwargs)
        c.load_verify_locations(cert)
        return connect(host, port, configuration=c, create_protocol=Client, wait_connected=not early,
                       session_ticket_handler=kept.append)

    async def plain(port, **kwargs):
        async with client(port, **kwargs) as p:
            await p.ask()

    print("plain")
    await plain(443, supported_versions=[V1])
    print("several protocols, a hello of two packets")
    await plain(443, alpn=("h3", "hq-interop"), quantum_readiness_test=True, supported_versions=[V1])
    print("version 2, and without a name")
    await plain(443, supported_versions=[V2], original_version=V2, name=None)
    print("from version 1 to 2 without a round trip")
    await plain(443, supported_versions=[V2, V1], original_version=V1)
    print("DNS over QUIC")
    await plain(853, alpn=("doq",))
    print("Retry")
    await plain(4433)
    print("a token that is not the server's")
    try:
        async with client(4433, token=b"no such token") as p:
            await p.ask()
    except ConnectionError:
        pass
    print("version negotiation")
    await plain(4434, supported_versions=[V1, V2], original_version=V1)
    print("no protocol in common")
    try:
        await plain(443, alpn=("none",), supported_versions=[V1])
    except ConnectionError:
        pass
    print("0-RTT")
    kept.clear()
    await plain(4435)
    async with client(4435, early=True, ticket=kept[0]) as p:
        await p.ask()
        if not p._quic.tls.early_data_accepted:
            sys.exit("no early data")
    print("migration")
    async with client(443, supported_versions=[V1]) as p:
        await p.ask()
        old = p._transport
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: p, local_addr=("::", 0))
        p.change_connection_id()
        await p.ask()
        old.abort()


if sys.argv[1] == "serve":
    asyncio.run(serve_all(*sys.argv[2:4]))
else:
    asyncio.run(use(*sys.argv[2:4]))
