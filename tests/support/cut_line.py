"""A line between two programs that can be cut: a TCP proxy on 127.0.0.1, one thread, bytes unread.

open            everything passes both ways
answers_lost    what the caller sends arrives, what is answered gets lost: the caller waits
requests_lost   what the caller sends gets lost
cut             every connection is reset, no new one lives"""

import selectors
import socket
import struct
import threading

CHUNK_BYTES = 65536


class CutLine:
    def __init__(self, target_port):
        self.target_port = target_port
        self.state = "open"
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.waker, self.woken = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        for one in (self.listener, self.woken):
            self.selector.register(one, selectors.EVENT_READ)
        self.other = {}     # socket: the one at the other end of the same connection
        self.callers = set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def set(self, state):
        """Done when this returns, but for bytes that were already in the hands of the kernel."""
        self.state = state
        self.waker.send(b"!")

    def run(self):
        while True:
            for key, _ in self.selector.select():
                one = key.fileobj
                if one is self.woken:
                    one.recv(16)
                    if self.state == "cut":
                        for each in list(self.callers):
                            self.drop(each)
                elif one is self.listener:
                    self.accept()
                elif one in self.other:
                    self.pass_on(one)

    def accept(self):
        caller, _ = self.listener.accept()
        if self.state == "cut":
            return reset(caller)
        try:
            callee = socket.create_connection(("127.0.0.1", self.target_port), timeout=2)
        except OSError:
            return reset(caller)
        self.callers.add(caller)
        self.other[caller], self.other[callee] = callee, caller
        for one in (caller, callee):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(one, selectors.EVENT_READ)

    def pass_on(self, one):
        try:
            data = one.recv(CHUNK_BYTES)
            if not data:
                return self.drop(one)
            if self.state == "open" or self.state == ("answers_lost" if one in self.callers else "requests_lost"):
                self.other[one].sendall(data)
        except OSError:
            self.drop(one)

    def drop(self, one):
        for each in (one, self.other.pop(one)):
            self.other.pop(each, None)
            self.callers.discard(each)
            self.selector.unregister(each)
            reset(each)


def reset(one):
    """Closes with RST: the other end hears of it at once."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
