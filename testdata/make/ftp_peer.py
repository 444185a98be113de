"""The server of ftp.sh: anonymous may read, "writer" may write; TLS on request."""

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer


def main():
    authorizer = DummyAuthorizer()
    authorizer.add_anonymous("files")
    authorizer.add_user("writer", "secret", "files", perm="elradfmwMT")
    loop = IOLoop()
    for host, port, base in (("10.77.0.2", 21, FTPHandler), ("fd77::2", 21, FTPHandler), ("10.77.0.2", 2811, TLS_FTPHandler)):
        handler = type("Handler", (base,), dict(authorizer=authorizer, auth_failed_timeout=0.1, use_sendfile=False, banner="ftp.test ready."))
        if base is TLS_FTPHandler:
            handler.certfile = "cert.pem"
        FTPServer((host, port), handler, ioloop=loop)
    loop.loop()


if __name__ == "__main__":
    sys.exit(main())
