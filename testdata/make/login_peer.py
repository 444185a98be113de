"""Servers of rlogin (RFC 1282) and rsh for inetd: login_peer.py rlogin|rsh

alice needs no password, bob's is "secret", and nobody else is let in.
"""
import os
import socket
import sys


def string():
    """Reads a string that ends in NUL."""
    s = b""
    while (c := os.read(0, 1)) not in (b"", b"\0"):
        s += c
    return s.decode()


def say(s):
    os.write(1, s.encode())


def line(echo):
    """Reads a line that ends in CR."""
    s = b""
    while (c := os.read(0, 1)) not in (b"", b"\r", b"\n"):
        s += c
        if echo:
            os.write(1, c)
    say("\r\n")
    return s.decode(errors="replace")


def rlogin():
    string()
    string()
    user, _terminal = string(), string()
    say("\0")
    while user != "alice":
        say("Password: ")
        if line(False) == "secret" and user == "bob":
            break
        say("Login incorrect\r\nlogin: ")
        user = line(True)
        if not user:
            return
    say("Last login: Mon Jan  5 10:00:00 from elsewhere\r\n$ ")
    while (command := line(True)) not in ("", "exit"):
        say(f"you said {command}\r\n$ ")


def rsh():
    port, _client, user, command = int(string() or 0), string(), string(), string()
    if port:
        peer = socket.fromfd(0, socket.AF_INET, socket.SOCK_STREAM).getpeername()[0]
        errors = socket.socket()
        errors.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        errors.bind(("", 1020 if user == "alice" else 1019))
        errors.connect((peer, port))
    if user == "alice":
        say(f"\0you said {command}\nand no more\n")
    else:
        say("\1Permission denied.\n")


{"rlogin": rlogin, "rsh": rsh}[sys.argv[1]]()
