"""A plain sd_notify receiver: binds the datagram socket given as argument and prints each message as a line."""

import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("LISTENING", flush=True)
while True:
    print(receiver.recv(4096).decode().replace("\n", " "), flush=True)
