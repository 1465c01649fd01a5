"""PNG files written by hand, so that a test chooses each byte of them."""
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(w, h, depth, kind, rows, lace=0, extra=b""):
    """Of w x h pixels of `depth` bits; kind 0 is gray, 2 RGB, 3 a palette; rows begin with their filter's byte."""
    head = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, lace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
