"""A notify socket that nobody reads, filled to the brim: the next message blocks whoever sends it."""

import socket
import sys
import time

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.setblocking(False)
try:
    while True:
        sender.sendto(b"x", sys.argv[1])
except BlockingIOError:
    print("FULL", flush=True)
time.sleep(600)
