"""Answers DNS on 127.0.0.1:53 inside the interop run's own network: test names lead to loopback, every other name does
not exist. Never asks anyone else, so that no name a test object mentions is ever looked up outside.

    python3 names.py HOSTS_FILE
"""

import socket
import struct
import sys


def addresses(path):
    known = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            address, *names = line.split("#")[0].split() or [""]
            if "." in address:
                known.update({name.lower(): address for name in names})
    return known


def answer(query, known):
    """The reply to one question: the A record, no records for other types of a known name, else NXDOMAIN."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1").lower())
        at += 1 + query[at]
    question = query[12 : at + 5]
    kind = struct.unpack("!H", query[at + 1 : at + 3])[0]
    address = known.get(".".join(labels))
    records = b""
    if address and kind == 1:
        records = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    flags = 0x8180 if address else 0x8183
    return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if records else 0, 0, 0) + question + records


def main():
    known = addresses(sys.argv[1])
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.0.1", 53))
    while True:
        query, peer = door.recvfrom(4096)
        try:
            door.sendto(answer(query, known), peer)
        except (IndexError, struct.error):
            pass


main()
