import threading
import unittest

from auditlog import AuditLogError, Client, Dropped, Queue

from .fake import Fake, answer, ok
from .server import TOKEN, WithLog, entry


class TestQueue(WithLog):
    def setUp(self):
        self.client = Client(self.log.url, TOKEN, pause=0.01)
        self.addCleanup(self.client.close)

    def test_records_everything(self):
        with Queue(self.client) as queue:
            for i in range(3000):
                self.assertTrue(queue.add(entry(project="queue", detail=str(i))))
        self.assertEqual(queue.dropped, 0)
        self.assertEqual([int(e["detail"]) for e in self.client.list("queue", limit=1000)], list(range(2999, -1, -1)))
        self.assertFalse(queue.add(entry()))

    def test_waits_for_a_log_that_is_down(self):
        self.log.stop()
        queue = Queue(self.client)
        for _ in range(50):
            queue.add(entry(project="down"))
        self.assertFalse(queue._thread.join(0.3))
        self.log.start()
        self.assertTrue(queue.close())
        self.assertEqual(len(list(self.client.list("down"))), 50)

    def test_one_bad_entry_takes_no_other_with_it(self):
        dropped = []
        with Queue(self.client, on_drop=lambda e, why: dropped.append((e["detail"], type(why)))) as queue:
            for i in range(100):
                queue.add(entry(project="bad", detail=str(i), outcome="maybe" if i == 41 else "success"))
            queue.add(entry(project="bad", detail="odd", metadata={"a": object()}))
        self.assertEqual(sorted(dropped), [("41", AuditLogError), ("odd", Dropped)])
        self.assertEqual(len(list(self.client.list("bad"))), 99)

    def test_conflicts_are_dropped(self):
        self.client.record(entry(project="taken", key="k"))
        dropped = []
        with Queue(self.client, on_drop=lambda e, why: dropped.append(why.code)) as queue:
            queue.add(entry(project="taken", key="k", outcome="error"))
            queue.add(entry(project="taken"))
        self.assertEqual((dropped, queue.dropped), (["conflict"], 1))


class TestFullQueue(unittest.TestCase):
    def test_drops_what_it_has_no_room_for(self):
        dropped = []
        with Fake(answer(503)) as fake:
            queue = Queue(Client(fake.url, pause=0.01), size=5, on_drop=lambda e, why: dropped.append(str(why)))
            took = [queue.add(entry()) for _ in range(8)]
            self.assertEqual(took, [True] * 5 + [False] * 3)
            self.assertEqual(dropped, ["the queue is full"] * 3)
            self.assertFalse(queue.close(timeout=0.2))
        self.assertEqual((queue.dropped, len(dropped)), (8, 8))

    def test_adding_never_waits(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def held(handler):
            gate.wait(10)
            ok({"recorded": 1, "entries": [{"id": 1}]})(handler)
        with Fake(held) as fake:
            queue = Queue(Client(fake.url), size=10)
            added = threading.Thread(target=lambda: [queue.add(entry()) for _ in range(20)])
            added.start()
            added.join(2)
            self.assertFalse(added.is_alive())
            gate.set()
            queue.close()
            self.assertEqual(queue.dropped, 10)


if __name__ == "__main__":
    unittest.main()
