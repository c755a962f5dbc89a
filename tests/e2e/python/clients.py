"""Both clients of python-socketio behind one face, which remembers all they were sent."""

import asyncio
import re
import threading
import time
import urllib.parse

import engineio.payload
import socketio

PATIENCE = 10

# python-engineio gives up a connection that polls if more packets than 16 wait for it.
engineio.payload.Payload.max_decode_packets = 1024
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}

# What a server that recovers connections adds to an event, as the last argument. No argument of a
# test looks like one.
OFFSET = re.compile(r"[-\w]{7,8}")


class Refused(Exception):
    """The server let the client into no namespace; `args[0]` is what it said."""


class Client:
    """What both have in common: `_call` runs a method of the client to its end."""

    def __init__(self, setup, origin):
        self.setup = setup
        self.origin = origin
        #: What came in, oldest first: `(namespace, event, arguments)`.
        self.received = []
        #: Answers to the server's questions, by event: a function that gives an argument or a tuple.
        self.answers = {}
        #: What the server said to refuse a namespace, and why a namespace ended.
        self.refusals, self.ends = {}, {}
        self._changed = threading.Condition()
        options = {"reconnection": False, "handle_sigint": False, "serializer": setup["parser"]}
        self.sio = self._make(options)
        self.sio.on("*", self._event, namespace="*")
        self.sio.on("connect_error", self._refused, namespace="*")
        self.sio.on("disconnect", self._ended, namespace="*")

    def _event(self, event, namespace, *args):
        if args and isinstance(args[-1], str) and OFFSET.fullmatch(args[-1]):
            args = args[:-1]
        with self._changed:
            self.received.append((namespace, event, args))
            self._changed.notify_all()
        answer = self.answers.get(event)
        return answer and answer(*args)

    def _refused(self, namespace, *error):
        with self._changed:
            self.refusals[namespace] = error[0] if error else None

    def _ended(self, namespace, *reason):
        with self._changed:
            self.ends[namespace] = reason[0] if reason else None
            self._changed.notify_all()

    def open(self, namespaces, query=None, **options):
        url = self.origin + ("?" + urllib.parse.urlencode(query) if query else "")
        try:
            self._call(
                self.sio.connect,
                url,
                namespaces=namespaces,
                transports=TRANSPORTS[self.setup["transport"]],
                wait_timeout=PATIENCE,
                **options,
            )
        except socketio.exceptions.ConnectionError as error:
            raise Refused(self.refusals) from error
        return self

    def id(self, namespace="/"):
        return self.sio.get_sid(namespace)

    def emit(self, event, *args, namespace="/"):
        self._call(self.sio.emit, event, args, namespace=namespace)

    def send(self, *args, namespace="/"):
        self._call(self.sio.send, args, namespace=namespace)

    def ask(self, event, *args, namespace="/"):
        """The acknowledgement: its argument, a tuple of several, or None."""
        return self._call(self.sio.call, event, args, namespace=namespace, timeout=PATIENCE)

    def settle(self, namespace="/"):
        """Returns when all that the server queued so far has arrived."""
        self.ask("echo", "settled", namespace=namespace)

    def got(self, event, namespace="/"):
        """What came by this name: a list of tuples of arguments."""
        with self._changed:
            return [args for of, name, args in self.received if (of, name) == (namespace, event)]

    def take(self, event, count=1, namespace="/"):
        """The first deliveries of an event, once there are so many."""
        self._wait(lambda: len(self.got(event, namespace)) >= count, f"{count} of {event}")
        return self.got(event, namespace)[:count]

    def ended(self, namespace="/"):
        """Why the namespace ended, as the client says; waits for it."""
        self._wait(lambda: namespace in self.ends, f"the end of {namespace}")
        return self.ends[namespace]

    def _wait(self, condition, what):
        with self._changed:
            if not self._changed.wait_for(condition, PATIENCE):
                raise TimeoutError(f"waited {PATIENCE} s for {what}: {self.received}, {self.ends}")

    def leave(self):
        self._call(self.sio.disconnect)

    def close(self):
        self.leave()


class SyncClient(Client):
    """`socketio.Client`, which has threads."""

    def _make(self, options):
        return socketio.Client(**options)

    def _call(self, method, *args, **options):
        return method(*args, **options)


class AsyncClient(Client):
    """`socketio.AsyncClient`, on an event loop in a thread of its own."""

    def _make(self, options):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return socketio.AsyncClient(**options)

    def _call(self, method, *args, **options):
        future = asyncio.run_coroutine_threadsafe(method(*args, **options), self._loop)
        return future.result(2 * PATIENCE)

    def close(self):
        self.leave()
        # A connection that the server ended leaves tasks behind.
        asyncio.run_coroutine_threadsafe(self._end_tasks(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end_tasks(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


KINDS = {"sync": SyncClient, "asyncio": AsyncClient}


def eventually(what, ask, accept):
    """Asks again and again until the answer is accepted."""
    until = time.monotonic() + PATIENCE
    while not accept(answer := ask()):
        if time.monotonic() > until:
            raise TimeoutError(f"waited {PATIENCE} s for {what}; last answer: {answer}")
    return answer
