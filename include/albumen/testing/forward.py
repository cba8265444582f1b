"""Hands connections of one network namespace on to another: `python -m albumen.testing.forward FD ADDRESS PORT`.

The listening socket was opened outside and is inherited; what it accepts is connected to from here.
"""

from __future__ import annotations

import asyncio
import socket
import sys


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(listener: socket.socket, address: str, port: int) -> None:
    """Forward until ended; a target that does not answer closes the connection."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            beyond, back = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, back), _copy(beyond, writer))

    async with await asyncio.start_server(forward, sock=listener) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], int(sys.argv[3])))
