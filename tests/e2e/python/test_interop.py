"""The app `interop` by the clients of python-socketio: both of them, by each transport and parser."""

import itertools
import time
import unittest

from clients import KINDS, TRANSPORTS, Refused, eventually
from server import Server

PARSERS = ["default", "msgpack"]

VALUES = [
    "text",
    "é€😀 \u2028 \0 \\ \" /",
    0,
    -1.5,
    2**53 - 1,
    None,
    True,
    False,
    "",
    [],
    {},
    {"a": [1, [2, [3, {"b": {"c": None}}]]]},
    b"\x00\xff",
    b"",
    {"list": [b"a", {"deep": [b"b"]}], "text": "between"},
]

server = None
tags = itertools.count()


def setUpModule():
    global server
    server = Server("interop")
    unittest.addModuleCleanup(server.stop)


def tag(name="room"):
    """A name that no other test uses."""
    return f"{name}-{next(tags)}"


def dial(test, setup):
    """A client that is not connected; it is closed after the test."""
    origin = server.origins[PARSERS.index(setup["parser"])]
    client = KINDS[setup["kind"]](setup, origin)
    test.addCleanup(client.close)
    return client


class Interop:
    """The tests; what is below makes a class of them for each setup."""

    setup = None

    def client(self, *namespaces, **options):
        return dial(self, self.setup).open(list(namespaces) or ["/"], **options)

    def clients(self, count, namespace="/"):
        return [self.client(namespace) for _ in range(count)]

    # Echoes and acknowledgements

    def test_values_come_back(self):
        client = self.client("/", "/chat")
        for value in VALUES:
            with self.subTest(value=value):
                self.assertEqual(client.ask("echo", value), value)
                self.assertEqual(client.ask("echo", value, 1, namespace="/chat"), (value, 1))
                client.emit("echo", value, "and more")
                client.send(value, namespace="/chat")
        count = len(VALUES)
        self.assertEqual(client.take("echo", count), [(value, "and more") for value in VALUES])
        messages = client.take("message", count, namespace="/chat")
        self.assertEqual(messages, [(value,) for value in VALUES])

    def test_each_kind_of_value(self):
        expected = (None, True, False, 0, -1.5, 1e21, "", "é€😀\0", [], {}, [1, [2, [3]]])
        self.assertEqual(self.client().ask("types"), expected)

    def test_bytes_in_acknowledgements(self):
        client = self.client()
        answer = client.ask("ack-binary", b"\x01\x02\x03")
        self.assertEqual(answer, {"len": 3, "nested": {"list": [b"\x03\x02\x01"]}})
        self.assertEqual(list(answer), ["len", "nested"])
        self.assertEqual(client.ask("big", 200_000), "a" * 200_000)
        self.assertEqual(client.ask("big-binary", 200_000), b"\x07" * 200_000)
        self.assertEqual(client.ask("ack-twice"), "first")
        client.emit("noack", b"1", 2)
        client.emit("nobody listens to this")
        client.settle()
        self.assertEqual(client.received, [])

    def test_a_sequence_is_in_order(self):
        client = self.client()
        client.emit("sequence", 100)
        expected = [(i, None if i % 3 else bytes([i])) for i in range(100)]
        self.assertEqual(client.take("seq", 100), expected)

    def test_what_the_server_asks(self):
        client = self.client()
        client.answers["question"] = lambda question: (f"{question}!", b"2")
        answer = {"ok": True, "answers": ["well?!", b"2"]}
        self.assertEqual(client.ask("ask-me", "well?", 0), answer)
        self.assertEqual(client.ask("ask-me", "well?", 5_000), answer)
        self.assertEqual(client.got("question"), [("well?",)] * 2)

    def test_hooks_for_events(self):
        client = self.client("/", "/chat")
        client.emit("noack", namespace="/chat")
        client.emit("blocked", namespace="/chat")
        log = ["noack", "blocked", "any-log"]
        self.assertEqual(client.ask("any-log", namespace="/chat"), log)
        self.assertEqual(client.ask("any-log"), ["any-log"])
        error = {"message": "blocked event", "data": {"event": "blocked"}}
        self.assertEqual(client.take("mw-error", namespace="/chat"), [(error,)])
        self.assertEqual(client.got("not-blocked", namespace="/chat"), [])

    # Rooms and emits

    def test_rooms(self):
        client = self.client()
        one, two = tag(), tag()
        self.assertEqual(client.ask("rooms"), [client.id()])
        self.assertEqual(client.ask("join", one), sorted([client.id(), one]))
        self.assertEqual(client.ask("join", [one, two]), sorted([client.id(), one, two]))
        self.assertEqual(client.ask("room-size", two), 1)
        self.assertEqual(client.ask("leave", one), sorted([client.id(), two]))
        self.assertEqual(client.ask("room-size", one), 0)

    def test_whom_emits_reach(self):
        sender, near, far = self.clients(3)
        room, other = tag(), tag()
        for client in [sender, near]:
            client.ask("join", room)
        far.ask("join", other)
        for index, (spec, _) in enumerate(cases := [
            ({}, [sender]),
            ({"to": [room]}, [near]),
            ({"to": [room], "in": [other]}, [near, far]),
            ({"from": "io", "to": [room, near.id()]}, [sender, near]),
            ({"from": "io", "to": [room], "except": [near.id()]}, [sender]),
            ({"flags": ["broadcast"], "except": [other]}, [near]),
            ({"flags": ["local", "nocompress"], "to": [far.id()]}, [far]),
        ]):
            self.assertIsNone(sender.ask("emit", spec, "news", [index, b"news"]))
        for client in [sender, near, far]:
            client.settle()
            reached = [(index, b"news") for index, (_, to) in enumerate(cases) if client in to]
            self.assertEqual(client.got("news"), reached)

    def test_many_answer_one_question(self):
        members = self.clients(3)
        room = tag()
        for index, member in enumerate(members):
            member.ask("join", room)
            member.answers["question"] = lambda *_, index=index: (index, "more")
        spec = {"to": [room], "timeout": 5_000}
        answer = members[0].ask("broadcast-ack", spec, "question", ["well?", b"1"])
        self.assertEqual((answer["ok"], sorted(answer["responses"])), (True, [1, 2]))
        self.assertEqual(members[1].got("question"), [("well?", b"1")])
        nobody = {"to": [tag()], "timeout": 600_000}
        answer = members[0].ask("broadcast-ack", nobody, "question", [])
        self.assertEqual(answer, {"ok": True, "responses": []})

    # Who is let in, and who it is

    def test_refusals(self):
        with self.assertRaises(Refused) as caught:
            self.client("/", query={"reject": "1"})
        refusal = {"message": "rejected", "data": {"by": "query"}}
        self.assertEqual(caught.exception.args[0], {"/": refusal})
        with self.assertRaises(Refused) as caught:
            self.client("/auth", auth={"token": "sesame"})
        refusal = {"message": "unauthorized", "data": {"code": 401, "hint": ["token"]}}
        self.assertEqual(caught.exception.args[0], {"/auth": refusal})
        with self.assertRaises(Refused) as caught:
            self.client("/nowhere")
        self.assertEqual(caught.exception.args[0], {"/nowhere": {"message": "Invalid namespace"}})

    def test_welcomes(self):
        client = self.client("/auth", "/slow", auth={"token": "letmein", "user": "ada"})
        self.assertEqual(client.take("welcome", namespace="/auth"), [({"user": "ada"},)])
        self.assertEqual(client.take("order", namespace="/slow"), [(["a", "b"],)])
        tenant = tag("/tenant")
        self.assertEqual(self.client(tenant).take("tenant", namespace=tenant), [(tenant,)])

    def test_who_it_is(self):
        transport = "polling" if self.setup["transport"] == "polling" else "websocket"
        auth, query = {"token": [1, "é"]}, {"key": "é &=?+%"}
        client = self.client("/", "/chat", auth=auth, query=query, headers={"X-Test": "header"})
        client.ask("set-data", {"blob": b"1", "name": "ada"})
        for namespace, data in {"/": {"runs": 1, "blob": b"1", "name": "ada"}, "/chat": {}}.items():
            self.assertEqual(client.ask("whoami", namespace=namespace), {
                "id": client.id(namespace),
                "nsp": namespace,
                "recovered": False,
                "transport": transport,
                "data": data,
            })
            shown = client.ask("handshake", namespace=namespace)
            self.assertEqual(shown["query"]["key"], query["key"])
            self.assertEqual(shown["auth"], auth)
            self.assertEqual(shown["header"], "header")
            self.assertLess(abs(shown["issued"] / 1000 - time.time()), 60)
        self.assertNotEqual(client.id("/"), client.id("/chat"))

    # How it ends

    def watched(self, *namespaces):
        client, other = self.client(*namespaces), self.client(namespaces[0])
        token = tag("token")
        client.ask("watch", token, namespace=namespaces[0])

        def end():
            ask = lambda: other.ask("reason-of", token, namespace=namespaces[0])
            return eventually("the end", ask, lambda seen: seen is not None)

        return client, end

    def test_the_client_leaves(self):
        client, end = self.watched("/chat")
        id = client.id("/chat")
        client.leave()
        seen = end()
        # python-engineio ends without waiting for what it has to send: the DISCONNECT may not be
        # sent any more, and over polling nothing at all.
        reasons = ["client namespace disconnect", "transport close", "ping timeout"]
        self.assertIn(seen.pop("reason"), reasons)
        self.assertEqual(seen, {"rooms": [id], "after": []})

    def test_the_server_disconnects(self):
        for close in [False, True]:
            with self.subTest(close=close):
                client, end = self.watched("/chat", "/")
                client.emit("disconnect-me", close, namespace="/chat")
                self.assertEqual(client.ended("/chat"), client.sio.reason.SERVER_DISCONNECT)
                self.assertEqual(end()["reason"], "server namespace disconnect")
                if close:
                    client.ended("/")
                else:
                    self.assertEqual(client.ask("echo", "alive"), "alive")

    def test_the_server_closes_the_connection(self):
        client, end = self.watched("/chat")
        client.emit("engine-close", namespace="/chat")
        client.ended("/chat")
        self.assertIn(end()["reason"], ["forced close", "forced server close"])

    # What others do to it

    def test_sockets_are_shown_and_moved(self):
        admin, one, two = self.clients(3, "/chat")
        room, extra = tag(), tag()
        chat = {"namespace": "/chat"}
        for client in [one, two]:
            client.ask("join", room, **chat)
        one.ask("set-data", {"blob": b"1"}, **chat)
        admin.ask("sockets-join", room, [extra], **chat)
        found = admin.ask("fetch-sockets", room, **chat)
        ids = sorted(client.id("/chat") for client in [one, two])
        self.assertEqual([socket["id"] for socket in found], ids)
        for socket in found:
            self.assertEqual(socket["rooms"], sorted([socket["id"], room, extra]))
            data = {"blob": b"1"} if socket["id"] == one.id("/chat") else {}
            self.assertEqual(socket["data"], data)
            self.assertEqual(socket["query"]["EIO"], "4")
        self.assertLessEqual(3, len(admin.ask("fetch-sockets", None, **chat)))
        admin.ask("sockets-leave", extra, room, **chat)
        self.assertEqual(admin.ask("room-size", room, **chat), 0)
        admin.ask("disconnect-sockets", extra, False, **chat)
        for client in [one, two]:
            self.assertEqual(client.ended("/chat"), client.sio.reason.SERVER_DISCONNECT)


SETUPS = [
    {"kind": kind, "transport": transport, "parser": parser}
    for kind, transport, parser in itertools.product(KINDS, TRANSPORTS, PARSERS)
]

for setup in SETUPS:
    name = "_".join(["Interop", *setup.values()])
    globals()[name] = type(name, (Interop, unittest.TestCase), {"setup": setup})


class Heartbeat(unittest.TestCase):
    def test_it_keeps_a_client_that_says_nothing(self):
        clients = [dial(self, setup).open(["/"]) for setup in SETUPS]
        # The server pings after a second, and waits another one for the answer.
        time.sleep(2.2)
        for client in clients:
            with self.subTest(**client.setup):
                self.assertEqual(client.ask("echo", "alive"), "alive")


if __name__ == "__main__":
    unittest.main()
