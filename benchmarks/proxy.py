"""A TCP proxy that makes a link longer, not narrower: python -m benchmarks.proxy HOST PORT ROUND_TRIP_MS.

Each chunk leaves half a round trip after it came; as many as will are on their way at a time. It prints its port.
"""

import asyncio
import contextlib
import selectors
import sys

CHUNK = 1 << 16


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Copy one direction, `delay` seconds late, until it ends; then end the other side."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    leaving = asyncio.create_task(_leave(under_way, writer))
    try:
        while chunk := await reader.read(CHUNK):
            under_way.put_nowait((loop.time() + delay, chunk))
    except ConnectionError:
        pass
    under_way.put_nowait((loop.time() + delay, b""))
    await leaving


async def _leave(under_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    chunk = b"begin"
    while chunk:
        due, chunk = await under_way.get()
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        writer.write(chunk)
    writer.close()


async def serve(host: str, port: int, delay: float) -> None:
    """Listen on a free port of 127.0.0.1, for as long as the process lives."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(carry(reader, far_writer, delay), carry(far_reader, writer, delay))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    # select() waits for microseconds, epoll for whole milliseconds, which a round trip of 5 would feel
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.SelectorEventLoop(selectors.SelectSelector()).run_until_complete(
            serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 2000)
        )
