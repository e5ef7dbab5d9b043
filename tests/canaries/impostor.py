"""impostor.py ADDRESS : Redis, PostgreSQL and a web app that refuse everyone, and send back what they were sent besides secrets
of their own. A part of tests/canaries/world.sh."""

import os
import socket
import struct
import sys
import threading

OWN = "{{sent-back}}"


def redis(asked):
    words = asked.decode("latin-1").split("\r\n")
    if b"AUTH" in asked:
        return f"-WRONGPASS {' '.join(words)} {OWN}\r\n".encode("latin-1")
    return f"-NOAUTH {' '.join(words)} {OWN}\r\n".encode("latin-1")


def postgres(asked):
    if asked[4:8] == b"\x04\xd2\x16\x2f":
        return b"N"
    said = asked.replace(b"\0", b" ").decode("latin-1")
    fields = f"SFATAL\0VFATAL\0CXX000\0Mrefused {said} redis://:{OWN}@h\0Dhost=x password={OWN}\0Huse the token: {OWN}\0Rsomewhere\0\0".encode("latin-1")
    if asked[:1] == b"p":
        return b"E" + struct.pack(">I", len(fields) + 4) + fields
    return b"R" + struct.pack(">II", 8, 3)  # asks for the password as it is


def web(asked):
    said = asked.decode("latin-1")
    body = f'{{"error": "{OWN} {said!r}"}}'
    return (f"HTTP/1.1 401 {OWN}\r\nLocation: https://u:{OWN}@h/?t={OWN}\r\nSet-Cookie: a={OWN}\r\n"
            f"WWW-Authenticate: Bearer {OWN}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode("latin-1")


def talk(stream, answer):
    with stream:
        while asked := stream.recv(65536):
            stream.sendall(answer(asked))


def serve(listener, answer):
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=talk, args=(stream, answer), daemon=True).start()


for port, answer in ((6379, redis), (5432, postgres), (8000, web)):
    listener = socket.create_server((sys.argv[1], port))
    threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "listening"), "w").close()
threading.Event().wait()
