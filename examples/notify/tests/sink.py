"""A mail server on the loopback that sends nothing on. Its port is the first line of its output; every message that it
takes is a line of JSON, as Python's `email` reads it. It ends with its input. How it behaves is its argument:

  takes        it takes everything
  refuses      it refuses recipients whose address begins with "nobody"
  busy         it answers 451 to the message
  hangs        it closes the connection instead of answering to the message
  injects      somebody between it and the client adds an answer to its answer to STARTTLS
  muddles      it says 250 where it has to say 354

With a second argument, a file with a certificate and its key, it wants STARTTLS before anything else, and takes the
login ana with the password CANARY.
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

# A client that leaves in the middle is what some tests are about.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
HOW = sys.argv[1]
TLS = None
if len(sys.argv) > 2:
    TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    TLS.load_cert_chain(sys.argv[2])


class Server(SMTP):
    async def push(self, status):
        if HOW == "injects" and status.startswith("220 Ready"):
            status += "\r\n250 said by somebody else"
        if HOW == "muddles" and status.startswith("354"):
            status = "250 OK"
        await super().push(status)


def authenticate(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login, login.password) == (b"ana", b"CANARY"), handled=False)


def serve(loop):
    if TLS is None:
        return Server(Handler(), loop=loop)
    return Server(Handler(), loop=loop, hostname="localhost", tls_context=TLS, require_starttls=True,
                  authenticator=authenticate)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if HOW == "refuses" and address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if HOW == "busy":
            return "451 4.3.0 try again later"
        if HOW == "hangs":
            server.transport.abort()
            return "250 never said"
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        text, html = message.iter_parts()
        print(json.dumps({
            "envelope": [envelope.mail_from, envelope.rcpt_tos],
            "tls": session.ssl is not None,
            "login": bool(session.authenticated),
            "subject": message["subject"],
            "from": [message["from"].addresses[0].display_name, message["from"].addresses[0].addr_spec],
            "to": [address.addr_spec for address in message["to"].addresses],
            "messageId": message["message-id"],
            "bcc": message["bcc"],
            "text": text.get_content().replace("\r\n", "\n"),
            "html": html.get_content().replace("\r\n", "\n"),
            "bytes": len(envelope.original_content),
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
        }), flush=True)
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: serve(loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
