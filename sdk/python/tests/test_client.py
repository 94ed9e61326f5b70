import datetime
import itertools
import json
import threading
import unittest
import urllib.request

from auditlog import AuditLogError, Client
from auditlog._retry import pause, retry_after

from .fake import Fake, answer, cut, hangup, ok
from .server import TOKEN, WithLog, entry

RECORDED = ok({"recorded": 1, "duplicates": 0, "skipped": 0, "entries": [{"id": 1}]})


class TestClient(WithLog):
    def setUp(self):
        self.client = Client(self.log.url, TOKEN)
        self.addCleanup(self.client.close)

    def test_records_and_reads_back(self):
        at = datetime.datetime(2026, 5, 4, 8, 15, 30, 123456, tzinfo=datetime.timezone.utc)
        result = self.client.record(entry(project="back", detail="ünï", createdAt=at), entry(project="back", outcome="forbidden"))
        self.assertEqual((result["recorded"], len(result["entries"])), (2, 2))
        newest, oldest = self.client.list("back")
        self.assertEqual((newest["outcome"], oldest["detail"]), ("forbidden", "ünï"))
        self.assertEqual(oldest["createdAt"], "2026-05-04T08:15:30.123456Z")
        self.assertEqual(self.client.get("back", oldest["id"]), oldest)
        self.assertEqual([e["id"] for e in self.client.list("back", outcome="forbidden")], [newest["id"]])
        self.assertEqual([e["id"] for e in self.client.list("back", not_={"outcome": "forbidden"})], [oldest["id"]])
        self.assertEqual([e["id"] for e in self.client.list("back", to=at + datetime.timedelta(seconds=1))], [oldest["id"]])
        self.assertEqual(self.client.stats("back")["total"], 2)

    def test_pages_and_batches(self):
        result = self.client.record(*(entry(project="pages", detail=str(i)) for i in range(2500)))
        self.assertEqual((result["recorded"], len(result["entries"])), (2500, 2500))
        self.assertEqual([e["seq"] for e in self.client.list("pages", limit=999)], list(range(2500, 0, -1)))
        page = self.client.list_page("pages", limit=10)
        self.assertEqual(len(page["items"]), 10)
        self.assertTrue(page["nextCursor"])

    def test_exports(self):
        self.client.record(*(entry(project="export") for _ in range(20)))
        self.assertEqual(sum(b'"deployment.deploy"' in line for line in self.client.export("export")), 20)
        csv = list(self.client.export("export", format="csv", action="deployment.deploy"))
        self.assertEqual((len(csv), csv[0].count(b",") > 10), (21, True))

    def test_keys_are_recorded_once(self):
        self.client.record(entry(project="keys", key="a"))
        self.assertEqual(self.client.record(entry(project="keys", key="a"))["duplicates"], 1)
        self.assertEqual(self.client.record(entry(project="keys", key="a", outcome="error"))["conflicts"], 1)
        result = self.client.record(entry(project="keys", key="a", outcome="error"), entry(project="keys"))
        self.assertEqual((result["recorded"], result["conflicts"]), (1, 1))
        self.assertTrue(result["entries"][0]["conflict"])

    def test_says_what_is_wrong(self):
        with self.assertRaises(AuditLogError) as caught:
            self.client.record(*[entry()] * 1001, entry(outcome="maybe"))
        err = caught.exception
        self.assertEqual((err.code, err.status, err.entry, err.path), ("invalid", 400, 1001, "entries[1001].outcome"))
        self.assertIn("entries[1001].outcome: must be", str(err))
        self.assertEqual(err.result["recorded"], 1000)
        with self.assertRaises(AuditLogError) as caught:
            Client(self.log.url, "x" * 40).call("token.list")
        self.assertEqual(caught.exception.code, "unauthenticated")
        with self.assertRaises(AuditLogError) as caught:
            self.client.get("acme", 1 << 40)
        self.assertEqual(caught.exception.code, "not_found")

    def test_any_other_method(self):
        self.client.record(entry(project="gone"))
        self.assertEqual(self.client.call("project.delete", project="gone")["state"], "deleting")
        token = self.client.call("token.create", owner="ci@acme", ownerType="ServiceAccount", role="recorder", projects=["acme"])
        with Client(self.log.url, token["token"] + "\n") as recorder:
            self.assertEqual(recorder.record(entry())["recorded"], 1)
            with self.assertRaises(AuditLogError) as caught:
                list(recorder.list("acme"))
        self.assertEqual(caught.exception.code, "forbidden")

    def test_pulls_and_follows_through_a_restart(self):
        self.client.record(*(entry(project="follow", detail=str(i)) for i in range(5)))
        self.assertEqual([len(part["items"]) for part in self.client.pull("follow", limit=2)], [2, 2, 1])
        self.assertEqual([len(p["items"]) for p in itertools.islice(self.client.pull("follow", waitSeconds=1), 2)], [5, 0])
        seen = []
        for event in self.client.follow("follow", from_=4):
            if event["type"] == "entry":
                seen.append(event["entry"]["seq"])
            self.assertTrue(event["cursor"])
            if len(seen) == 2:
                self.log.stop()
                self.log.start()
                self.client.record(entry(project="follow"))
            if len(seen) == 3:
                break
        self.assertEqual(seen, [4, 5, 6])
        with self.assertRaises(AuditLogError) as caught:
            list(self.client.follow("follow", from_="soon"))
        self.assertEqual(caught.exception.code, "invalid")

    def test_tells_how_the_log_is(self):
        self.assertIsInstance(self.client.status("Asia/Bangkok")["entries"], int)
        with self.assertRaises(AuditLogError):
            self.client.status("Atlantis")

    def test_has_every_method(self):
        with urllib.request.urlopen(self.log.url + "/openapi.json") as answer:
            api = json.load(answer)
        methods = {path[1:]: path_item["post"] for path, path_item in api["paths"].items() if "post" in path_item}
        self.assertGreater(len(methods), 40)
        for name, post in methods.items():
            try:
                if "application/json" in post["responses"]["200"]["content"]:
                    self.client.call(name)
                else:
                    answer = self.client.stream(name)
                    next(answer, None)
                    answer.close()
            except AuditLogError as err:
                self.assertNotIn("there is no method", str(err), name)
        with self.assertRaisesRegex(AuditLogError, "there is no method"):
            self.client.call("auditLog.nonsense")

    def test_many_threads(self):
        errors = []

        def work():
            try:
                for _ in range(20):
                    self.client.record(entry(project="threads"))
            except Exception as err:
                errors.append(err)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(errors, [])
        self.assertEqual(len(list(self.client.list("threads"))), 160)

    def test_goes_on_after_a_restart(self):
        self.client.record(entry(project="restart"))
        self.log.stop()
        self.log.start()
        self.assertEqual(self.client.record(entry(project="restart"))["recorded"], 1)


class TestTries(unittest.TestCase):
    def test_tries_again_with_the_same_key(self):
        late = answer(503, {"ok": False, "error": {"code": "unavailable", "message": "busy"}}, Retry_After="0")
        again = ok({"recorded": 0, "duplicates": 1, "skipped": 0, "entries": [{"id": 7, "duplicate": True}]})
        with Fake(hangup, late, answer(502, b"<html>bad gateway"), again) as fake:
            result = Client(fake.url, pause=0.001).record(entry())
            self.assertEqual((result["recorded"], result["duplicates"]), (1, 0))
            self.assertEqual(result["entries"], [{"id": 7}])
            keys = {c[2]["entries"][0]["key"] for c in fake.calls}
            self.assertEqual((len(fake.calls), len(keys)), (4, 1))

    def test_gives_up(self):
        with Fake(answer(500, {"ok": False, "error": {"code": "internal", "message": "oops", "requestId": "r1"}})) as fake:
            with self.assertRaises(AuditLogError) as caught:
                Client(fake.url, tries=3, pause=0.001).record(entry())
            self.assertEqual((len(fake.calls), caught.exception.request_id), (3, "r1"))

    def test_does_once_what_must_not_be_done_twice(self):
        with Fake(answer(503)) as fake:
            with self.assertRaises(AuditLogError):
                Client(fake.url, pause=0.001).call("token.create", owner="a")
            self.assertEqual(len(fake.calls), 1)

    def test_does_not_wait_for_a_day(self):
        with Fake(answer(429, {"ok": False, "error": {"code": "rate_limited", "message": "m", "limit": "acme"}}, Retry_After="86400")) as fake:
            with self.assertRaises(AuditLogError) as caught:
                Client(fake.url).record(entry())
            self.assertEqual((caught.exception.limit, len(fake.calls)), ("acme", 1))

    def test_follows_no_redirect(self):
        with Fake(RECORDED) as other, Fake(answer(307, b"", Location=other.url)) as fake:
            with self.assertRaises(AuditLogError) as caught:
                Client(fake.url, "secret").record(entry())
            self.assertIn(other.url, str(caught.exception))
            self.assertEqual(other.calls, [])

    def test_no_audit_log(self):
        for body in (b"hello", b"[]", b"{}"):
            with Fake(answer(200, body)) as fake, self.assertRaises(AuditLogError) as caught:
                Client(fake.url).record(entry())
            self.assertIn("does not answer as an audit log does", str(caught.exception))

    def test_an_export_that_breaks_is_an_error(self):
        with Fake(cut) as fake:
            lines = Client(fake.url).export("acme")
            self.assertEqual(next(lines), b'{"a":1}\n')
            with self.assertRaises(AuditLogError) as caught:
                list(lines)
            self.assertEqual(caught.exception.code, "unavailable")

    def test_bad_addresses_and_tokens(self):
        for url in ("ftp://x", "localhost:7070", "http://", "http://h:99999999"):
            with self.assertRaises(AuditLogError, msg=url):
                Client(url)
        with self.assertRaises(AuditLogError):
            Client(token="a b")
        with self.assertRaises(AuditLogError) as caught:
            Client("http://127.0.0.1:1", tries=1).record(entry())
        self.assertEqual(caught.exception.code, "unavailable")

    def test_sends_what_was_asked_for(self):
        with Fake(ok({"items": []})) as fake:
            with Client(fake.url + "/audit/", "t", channel="cli") as client:
                list(client.list("acme", from_=datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))), q=None))
            path, headers, body = fake.calls[0]
            self.assertEqual(path, "/audit/auditLog.list")
            self.assertEqual(body, {"project": "acme", "from": "2026-01-01T22:00:00.000000Z"})
            self.assertEqual((headers["Authorization"], headers["X-Auditlog-Channel"]), ("Bearer t", "cli"))
            with self.assertRaises(AuditLogError):
                list(Client(fake.url).list("acme", from_=datetime.datetime(2026, 1, 2)))


class TestPauses(unittest.TestCase):
    def test_pauses_grow(self):
        for n, most in ((1, 0.1), (2, 0.2), (5, 1.6), (50, 30.0)):
            for _ in range(20):
                self.assertTrue(most / 2 <= pause(n, 0.1) <= most, n)

    def test_retry_after(self):
        for header, want in (("3", 3.0), ("999999", 120.0), ("-1", 0.0), (None, 0.0), ("soon", 0.0), ("²", 0.0),
                             ("Sat, 01 Jan 2000 00:00:05 GMT", 5.0), ("Fri, 31 Dec 1999 00:00:05 GMT", 0.0)):
            self.assertEqual(retry_after(header, 946684800.0), want, header)


if __name__ == "__main__":
    unittest.main()
