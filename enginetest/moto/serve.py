# Serves moto on a free loopback port, says where in its first line, and ends
# when its standard input does: with the process that started it, however that
# one ends.
import os
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
os._exit(0)  # not held up by a receive that still waits
