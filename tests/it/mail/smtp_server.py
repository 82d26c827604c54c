"""A mail server for the tests: aiosmtpd, told by the recipient's name how to behave.

Prints its port, takes mail until its standard input closes, and writes each mail as JSON, read by
Python's own parser, so that what we send is judged by somebody else.

Recipients: defer@ and refuse@ are answered 451 and 550 at RCPT, late-defer@ and late-refuse@ after
the final dot.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import pathlib
import ssl
import sys
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# What it thinks of logins without TLS and of broken handshakes is what the tests provoke.
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

RCPT = {
    "defer": "451 4.3.2 come back later",
    "refuse": "550 5.1.1 no such mailbox here",
}
DATA = {
    "late-defer": "452 4.2.2 mailbox full",
    "late-refuse": "554 5.7.1 we do not like it",
}


class Handler:
    def __init__(self, out, defer, refusing):
        self.out = out
        self.refusing = refusing
        self.count = 0
        self.defer = defer
        self.deferred = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusing and not (self.out / "relent").exists():
            return "550 5.7.1 relaying denied"
        answer = RCPT.get(address.split("@")[0])
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = DATA.get(envelope.rcpt_tos[0].split("@")[0])
        if answer:
            return answer
        raw = envelope.original_content
        if self.deferred < self.defer:
            self.deferred += 1
            (self.out / f"deferred-{self.deferred}.eml").write_bytes(raw)
            return "451 4.7.1 greylisted, come back later"
        mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
        defects = [str(d) for part in mail.walk() for d in part.defects]
        defects += [f"{name}: {d}" for name, value in mail.items() for d in value.defects]
        self.count += 1
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "login": session.authenticated,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "defects": defects,
            "text": mail.get_body(("plain",)).get_content().replace("\r\n", "\n"),
            "html": mail.get_body(("html",)).get_content().replace("\r\n", "\n"),
            "raw": raw.decode("ascii"),
        }
        # Whole or not at all: the test looks while we write.
        fresh = self.out / f"{self.count}.new"
        fresh.write_text(json.dumps(record))
        fresh.rename(self.out / f"{self.count}.json")
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"dropzone", b"geheim")
    return AuthResult(success=good, handled=True) if good else AuthResult(success=False, handled=False)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--implicit", action="store_true")
    parser.add_argument("--login", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--defer", type=int, default=0, help="answer 451 to so many mails first")
    parser.add_argument(
        "--refuse-until-told",
        action="store_true",
        help="answer 550 to every recipient until there is a file `relent` beside the mails",
    )
    args = parser.parse_args()
    context = None
    if args.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert, args.key)
    starttls = context if context and not args.implicit else None
    handler = Handler(args.out, args.defer, args.refuse_until_told)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            hostname="localhost",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=args.login,
            auth_require_tls=False,
            authenticator=authenticate if args.login else None,
        ),
        "127.0.0.1",
        args.port,
        ssl=context if args.implicit else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()

    def wait_for_end():
        sys.stdin.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    await stop.wait()


asyncio.run(main())
