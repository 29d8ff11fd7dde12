"""A mail server in a process of its own that takes everything: ``python -m tests.nudges.mail_server PORT FILE``.

Quicker than aiosmtpd beside the test, for it parses nothing. Of each message that it accepts, it appends the Message-ID to
the file before it says so.
"""

import asyncio
import sys
from pathlib import Path

END = b".\r\n"


async def serve(port: int, path: Path) -> None:
    with path.open("ab", buffering=0) as accepted:

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            is_message, key = False, b"-\n"
            writer.write(b"220 ready\r\n")
            while line := await reader.readline():
                if is_message:
                    if line[:11].lower() == b"message-id:":
                        key = line[11:].strip() + b"\n"
                    if line == END:
                        is_message = False
                        accepted.write(key)
                        writer.write(b"250 OK\r\n")
                    continue
                verb = line[:4].upper()
                is_message = verb == b"DATA"
                writer.write({b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 OK\r\n"))
                if verb == b"QUIT":
                    break
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", port)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
