"""A mail server on the loopback that sends nothing on. Its port is the first line of its output; every message that it
takes is a line of JSON, as Python's `email` reads it. It ends with its input. How it behaves is its argument:

  takes        it takes everything
  refuses      it refuses recipients whose address begins with "nobody"
  busy         it answers 451 to the message
  hangs        it closes the connection instead of answering to the message
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP

HOW = sys.argv[1]


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
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
