"""dns.py BEHAVIOUR PROGRAM... : answers on 127.0.0.1:53 as BEHAVIOUR says, and runs the program meanwhile. A part of
tests/impostors.rs, in a network of its own."""

import socket
import struct
import subprocess
import sys
import threading
import time

how, program = sys.argv[1], sys.argv[2:]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 53))


def end_of(question):
    at = 12
    while question[at]:
        at += question[at] + 1
    return at + 5


def answer(asked, code=0, records=b"", count=0, flags=0x8180, head=None, question=None):
    body = asked[12:end_of(asked)] if question is None else question
    return (head or asked[:2]) + struct.pack(">HHHHH", flags | code, 1, count, 0, 0) + body + records


def record(kind, data, name=b"\xc0\x0c"):
    return name + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def said(asked):
    """What is sent back, a datagram each; none is silence."""
    kind = struct.unpack(">H", asked[end_of(asked) - 4:end_of(asked) - 2])[0]
    address = record(1, b"\x7f\0\0\1") if kind == 1 else b""
    count = 1 if kind == 1 else 0
    good = answer(asked, 0, address, count)
    return {
        "right": lambda: [good],
        "silent": lambda: [],
        "slow": lambda: time.sleep(0.7) or [good],
        "too-late": lambda: time.sleep(20) or [good],
        "no-such-name": lambda: [answer(asked, 3)],
        "server-fails": lambda: [answer(asked, 2)],
        "refuses": lambda: [answer(asked, 5)],
        "not-implemented": lambda: [answer(asked, 4)],
        "no-address": lambda: [answer(asked)],
        "alias-of-itself": lambda: [answer(asked, 0, record(5, b"\xc0\x0c"), 1)],
        "alias-without-end": lambda: [answer(asked, 0, record(5, b"\x01b\xc0\x0c"), 1)],
        "truncated": lambda: [answer(asked, 0, b"", 0, 0x8380)],
        "other-id": lambda: [answer(asked, 0, address, count, head=b"\0\0")],
        "other-question": lambda: [answer(asked, 0, record(1, b"\x7f\0\0\x09", b"\x05other\x04test\0"), 1, question=b"\x05other\x04test\0\0\1\0\1")],
        "garbage": lambda: [b"\xff" * 40],
        "empty": lambda: [b""],
        "half": lambda: [good[:14]],
        "pointer-to-itself": lambda: [answer(asked, 0, b"\xc0" + bytes([end_of(asked)]) + struct.pack(">HHIH", 1, 1, 60, 4) + b"\x7f\0\0\1", 1)],
        "many": lambda: [answer(asked, 0, record(1, b"\x7f\0\0\1") * 60, 60)],
        "count-without-records": lambda: [answer(asked, 0, b"", 65535)],
        "long-length": lambda: [answer(asked, 0, b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 65535) + b"\x7f", 1)],
        "escapes": lambda: [answer(asked, 0, record(5, b"\x0a\x1b]0;X\x07\r\n\x1b[\x04test\0"), 1)],
        "flood": lambda: [answer(asked, 0, address, count, head=b"\0\0")] * 2000 + [good],
    }[how]()


def one(asked, whence):
    for datagram in said(asked):
        udp.sendto(datagram, whence)


def serve():
    while True:
        asked, whence = udp.recvfrom(4096)
        if len(asked) < 17:  # a knock, and no question
            continue
        threading.Thread(target=one, args=(asked, whence), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(program).returncode)
