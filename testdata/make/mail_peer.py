"""The peers of mail.sh: a mail server, and clients that use rare commands."""

import email.message
import email.policy
import imaplib
import pathlib
import poplib
import smtplib
import socket
import ssl
import sys
import threading
import time

SERVER = "10.77.0.2"
DATE = "Sat, 21 Nov 2026 12:00:00 +0000"


def message(n):
    m = email.message.EmailMessage()
    m["From"] = '"Sender, A." <sender@client.test>'
    m["To"] = 'Reader <reader@mail.test>, "Other, B." <other@mail.test>'
    m["Cc"] = "third@mail.test"
    m["Subject"] = f"Message {n}"
    m["Date"] = DATE
    m["Message-ID"] = f"<{n}@client.test>"
    m["Received"] = "from relay.test (relay.test [198.51.100.7]) by mx.test; " + DATE
    m["X-Mailer"] = "mail_peer"
    m.set_content("Text with a line that begins with a dot:\n.\n..two\nand one äöü.\n")
    if n > 1:
        m.add_alternative("<p>The same as HTML</p>\n", subtype="html")
        m.add_attachment(bytes(range(256)) * 4, maintype="application", subtype="octet-stream", filename="all bytes.bin")
    if n > 2:
        m.add_attachment(message(1))
        m.set_boundary("=_outer")
    for i, part in enumerate(p for p in m.walk() if p.is_multipart() and p.get_content_maintype() == "multipart"):
        part.set_boundary(f"=_boundary-{n}-{i}")
    return m


def server():
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    class Handler:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if address.startswith("nobody@"):
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            return "250 OK queued"

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == b"secret")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("cert.pem", "key.pem")
    running = []
    for host, port, extra in (
        (SERVER, 25, {}),
        ("fd77::2", 25, {}),
        (SERVER, 2525, {}),
        (SERVER, 587, dict(tls_context=context, authenticator=authenticate, auth_require_tls=False)),
    ):
        c = Controller(Handler(), hostname=host, port=port, server_hostname="mail.test", **extra)
        c.start()
        running.append(c)
    threading.Thread(target=chunk_server, daemon=True).start()
    threading.Event().wait()


def chunk_server():
    """Implements BDAT, which aiosmtpd lacks."""
    listener = socket.create_server((SERVER, 2526))
    while True:
        s, _ = listener.accept()
        f = s.makefile("rwb", buffering=0)
        f.write(b"220 chunks.test ESMTP\r\n")
        for line in f:
            word = line.split()[0].upper()
            if word == b"EHLO":
                f.write(b"250-chunks.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
            elif word == b"BDAT":
                left = int(line.split()[1])
                while left > 0:
                    left -= len(f.read(left))
                f.write(b"250 OK\r\n")
            elif word == b"QUIT":
                f.write(b"221 bye\r\n")
                break
            elif word == b"XFOO":
                f.write(b"500 what?\r\n")
            else:
                f.write(b"250 OK\r\n")
        s.close()


def talk(port, *pieces, wait=0.2):
    """Sends pieces without waiting for the replies."""
    with socket.create_connection((SERVER, port), timeout=5) as s:
        s.recv(1000)
        for p in pieces:
            s.sendall(p)
            time.sleep(wait)
            s.recv(10000)


def smtp():
    with smtplib.SMTP(SERVER, local_hostname="client.test", timeout=10) as c:
        for n in (1, 2, 3):
            c.send_message(message(n), "sender@client.test", ["reader@mail.test", "other@mail.test", "nobody@mail.test"])
        c.verify("reader")
        c.docmd("XFOO", "bar")
    data = b"Subject: pipelined\r\n\r\n..dot\r\n.\r\n"
    talk(25, b"EHLO client.test\r\n", b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mail.test>\r\nDATA\r\n",
         data + b"MAIL FROM:<c@client.test>\r\nRCPT TO:<d@mail.test>\r\nRSET\r\nNOOP\r\nQUIT\r\n")
    talk(25, b"HELO client.test\r\n", b"RCPT TO:<x@mail.test>\r\n", b"DATA\r\n", b"MAIL FROM:<a@client.test>\r\n", b"DATA\r\n", b"QUIT\r\n")
    raw = message(2).as_bytes(policy=email.policy.SMTP)
    half = len(raw) // 2 + 7
    talk(2526, b"EHLO client.test\r\n", b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mail.test>\r\n",
         b"BDAT %d\r\n" % half + raw[:half], b"BDAT %d LAST\r\n" % (len(raw) - half) + raw[half:],
         b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mail.test>\r\nBDAT 16\r\nSubject: lines\n\nBDAT 0 LAST\r\n", b"XFOO\r\n", b"QUIT\r\n")


def smtp_starttls():
    context = ssl.create_default_context(cafile="cert.pem")
    context.check_hostname = False
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        with smtplib.SMTP(SERVER, 587, local_hostname="client.test", timeout=10) as c:
            c._host = "mail.test"
            c.starttls(context=context)
            c.login("reader", "secret")
            c.send_message(message(1), "sender@client.test", ["reader@mail.test"])
    with smtplib.SMTP(SERVER, 25, local_hostname="client.test", timeout=10) as c:
        c.ehlo()
        c.docmd("STARTTLS")  # refused


def deliver(folder):
    for n in (1, 2, 3):
        (pathlib.Path(folder) / f"{n}.test").write_bytes(message(n).as_bytes())


def refused(f, *args):
    try:
        f(*args)
    except (poplib.error_proto, imaplib.IMAP4.error):
        return
    raise SystemExit(f"{f} was not refused")


def pop3():
    c = poplib.POP3(SERVER, timeout=10)
    c.capa()
    c.user("reader")
    c.pass_("secret")
    c.stat()
    c.list()
    c.list(2)
    c.uidl()
    for n in (1, 2, 3):
        c.retr(n)
    c.top(2, 3)
    c.dele(1)
    c.rset()
    c.noop()
    refused(c.retr, 99)
    c.quit()
    c = poplib.POP3(SERVER, timeout=10)
    c.apop("reader", "secret")
    c.quit()
    c = poplib.POP3("fd77::2", timeout=10)
    c.user("reader")
    refused(c.pass_, "wrong")
    c.close()
    talk(110, b"AUTH PLAIN\r\n", b"AHJlYWRlcgBzZWNyZXQ=\r\n", b"STAT\r\nLIST\r\nRETR 1\r\nXFOO\r\nQUIT\r\n")
    talk(110, b"AUTH LOGIN\r\n", b"cmVhZGVy\r\n", b"c2VjcmV0\r\n", b"QUIT\r\n")
    talk(110, b"AUTH CRAM-MD5\r\n", b"cmVhZGVyIDAwMDA=\r\n", b"STAT\r\n")
    context = ssl.create_default_context(cafile="cert.pem")
    context.check_hostname = False
    c = poplib.POP3(SERVER, timeout=10)
    c.stls(context)
    c.user("reader")
    c.pass_("secret")
    c.retr(1)
    c.quit()


def imap():
    c = imaplib.IMAP4(SERVER, timeout=10)
    c.login("reader", "secret")
    c.select()
    c.fetch("1", "(RFC822)")
    c.logout()
    context = ssl.create_default_context(cafile="cert.pem")
    context.check_hostname = False
    c = imaplib.IMAP4(SERVER, timeout=10)
    c.starttls(context)
    c.login("reader", "secret")
    c.logout()
    talk(143, b"a login reader wrong\r\n", b"b logout\r\n")
    talk(143, b"1 STARTTLS now\r\n", b"2 CAPABILITY\r\n3 LOGOUT\r\n")


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
