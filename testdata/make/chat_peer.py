"""The peers of chat.sh: scripted IRC and XMPP servers and clients."""

import socket
import ssl
import sys
import threading

SERVER = "10.77.0.2"

# What the client says, and the server's answer.
IRC = [
    ("NICK alice\r\nUSER alice 0 * :Alice A.\r\n", ":irc.test 001 alice :Welcome\r\n:irc.test 251 alice :There are 2 users and 0 services on 1 servers\r\n:irc.test 422 alice :MOTD File is missing\r\n"),
    ("JOIN #test\r\n", ":alice!alice@10.77.0.1 JOIN :#test\r\n:irc.test 353 alice = #test :alice @bob\r\n:irc.test 366 alice #test :End of NAMES list\r\n"),
    ("TOPIC #test :A topic\r\n", ":alice!alice@10.77.0.1 TOPIC #test :A topic\r\n"),
    ("PRIVMSG #test :Hello, everybody.\r\n", ":bob!bob@192.0.2.7 PRIVMSG #test :Hello, alice.\r\n"),
    ("PRIVMSG bob :\x01DCC SEND notes.txt 172818433 5111 42\x01\r\n", ":bob!bob@192.0.2.7 NOTICE alice :Thank you.\r\n"),
    ("PRIVMSG bob :\x01DCC CHAT chat 172818433 5112\x01\r\n", ":bob!bob@192.0.2.7 PRIVMSG alice :\x01VERSION\x01\r\n"),
    ("WHOIS bob\r\n", ":irc.test 311 alice bob bob 192.0.2.7 * :Bob B.\r\n:irc.test 319 alice bob :@#test\r\n:irc.test 318 alice bob :End of WHOIS list\r\n"),
    ("NICK bob\r\n", ":irc.test 433 alice bob :Nickname is already in use\r\n"),
    ("NICK alicia\r\n", ":alice!alice@10.77.0.1 NICK :alicia\r\n"),
    ("MODE #test +t\r\n", ":irc.test 482 alicia #test :You are not channel operator\r\n"),
    ("PART #test :Good bye.\r\n", ":alicia!alice@10.77.0.1 PART #test :Good bye.\r\n"),
    ("QUIT :Done.\r\n", "ERROR :Closing Link: alicia[10.77.0.1] (Done.)\r\n"),
]
PLAIN = IRC[:2] + IRC[-1:]
TLS = [("STARTTLS\r\n", ":irc.test 670 * :STARTTLS successful, proceed with TLS handshake\r\n")]

STREAM = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' {}='xmpp.test' version='1.0'>"
FEATURES = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
XMPP = [
    (STREAM.format("to"), STREAM.format("from") + FEATURES),
    ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
]
REFUSED = XMPP[:1] + [(XMPP[1][0], "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")]

# By port: the cleartext dialogue, and whether TLS follows, with the same dialogue inside.
TALKS = {6667: (IRC, None), 7000: (PLAIN, None), 6668: (TLS, PLAIN), 5222: (XMPP, XMPP[:1]), 5269: (REFUSED, None)}


def read(s, want):
    got = b""
    while len(got) < len(want):
        b = s.recv(len(want) - len(got))
        if not b:
            return
        got += b
    assert got == want, got


def serve(listener, talk, inside, context):
    s, _ = listener.accept()
    for ask, answer in talk:
        read(s, ask.encode())
        s.sendall(answer.encode())
    if inside:
        s = context.wrap_socket(s, server_side=True)
        for ask, answer in inside:
            read(s, ask.encode())
            s.sendall(answer.encode())
    s.recv(1)
    s.close()


def server():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("cert.pem", "key.pem")
    threads = []
    for port, (talk, inside) in TALKS.items():
        listener = socket.create_server((SERVER, port))
        threads.append(threading.Thread(target=serve, args=(listener, talk, inside, context)))
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def offer():
    # Alice's side of the transfer of the file that she has announced.
    listener = socket.create_server(("10.77.0.1", 5111))
    s, _ = listener.accept()
    s.sendall(b"Notes that are forty-two characters long.\n")
    s.recv(4)
    s.close()
    listener.close()


def fetch():
    s = socket.create_connection(("10.77.0.1", 5111))
    got = s.recv(42, socket.MSG_WAITALL)
    s.sendall(len(got).to_bytes(4, "big"))
    s.recv(1)
    s.close()


def client(port):
    talk, inside = TALKS[port]
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    s = socket.create_connection((SERVER, port))
    for ask, answer in talk:
        s.sendall(ask.encode())
        read(s, answer.encode())
    if inside:
        s = context.wrap_socket(s, server_hostname="chat.test")
        for ask, answer in inside:
            s.sendall(ask.encode())
            read(s, answer.encode())
    s.close()


if __name__ == "__main__":
    {"server": server, "offer": offer, "fetch": fetch}.get(sys.argv[1], lambda: client(int(sys.argv[1])))()
