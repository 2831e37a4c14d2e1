"""Reading traces and drawing ladders."""
import json
import pathlib
import tempfile
import unittest

from labkit import sip, trace

from recording import ISP, SCSCF, answer, invite, record, text

NAMES = {"127.0.1.13": "rita", "127.0.1.30": "S-CSCF", "127.0.1.50": "ISP"}
RITA = "127.0.1.13:5060"


def decision(time, call_id, words, rules=(), linked=""):
    return trace.Record("decision", time, "127.0.1.30", False, "", "", None, call_id, words, list(rules), linked)


class Reading(unittest.TestCase):
    def test_node_lines(self):
        raw = "INVITE sip:b SIP/2.0\r\ni: c1\r\nSubject: a,\r\n b\u00e9\r\n\r\nv=0\r\n"
        lines = [{"kind": "message", "time": "2026-11-21T09:00:00.250000Z", "node": "n", "direction": "received",
                  "transport": "udp", "local": "1.1.1.1:5060", "remote": "2.2.2.2:5060", "call_id": "c1", "raw": raw},
                 {"kind": "decision", "time": "2026-11-21T09:00:01Z", "node": "n", "call_id": "c1", "text": "because",
                  "rules": ["IW-RET-06"], "linked_call_id": "s9"}]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "n.jsonl"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind":"mess')
            message, reason = trace.read_node_trace(path)
        self.assertEqual((message.source, message.target, message.sent), ("2.2.2.2:5060", "1.1.1.1:5060", False))
        self.assertEqual(message.message.call_id, "c1")
        self.assertEqual(message.message.first("subject"), "a, b\u00e9")
        self.assertAlmostEqual(reason.time - message.time, 0.75)
        self.assertEqual((reason.text, reason.rules, reason.linked), ("because", ["IW-RET-06"], "s9"))

    def test_dump_of_kamailio(self):
        dump = ("=" * 20 + "\ntag: rcv\npid: 1\nprocess: 1\ntime: 12.5\ndate: Sat Nov 21 09:42:56 2026\nproto: udp ipv4\n"
                "srcip: 127.0.1.30\nsrcport: 5060\ndstip: 127.0.1.50\ndstport: 5060\n" + "~" * 20 + "\n"
                "INVITE sip:d SIP/2.0\nCall-ID: s9\nCSeq: 1 INVITE\n\nv=0\n" + "|" * 20 + "\n")
        one, two = trace.parse_dump(dump + dump.replace("rcv", "snd"), "isp")
        self.assertEqual((one.time, one.sent, one.source, one.target), (12.5, False, SCSCF, ISP))
        self.assertTrue(two.sent)
        self.assertEqual(one.message.cseq, (1, "INVITE"))


class Ladders(unittest.TestCase):
    def draw(self, records):
        return trace.Ladder(NAMES).draw(records)

    def test_sent_and_received_are_one_arrow(self):
        raw = invite(1, "", "")
        drawn = self.draw([record(1.0, raw, True, SCSCF, ISP, "127.0.1.30"), record(1.1, raw, False, SCSCF, ISP)])
        self.assertEqual(drawn.count(">|"), 1, drawn)

    def test_retransmissions_are_arrows_of_their_own(self):
        raw = invite(1, "", "")
        records = [record(time, raw, sent, SCSCF, ISP) for time in (1.0, 1.5) for sent in (True, False)]
        self.assertEqual(len(trace.arrows_of(records)), 2)

    def test_over_tcp_the_ports_differ_and_it_is_one_arrow_all_the_same(self):
        raw = invite(1, "", "")
        records = [record(1.0, raw, True, SCSCF, ISP), record(1.1, raw, False, "127.0.1.30:40000", ISP)]
        self.assertEqual(len(trace.arrows_of(records)), 1)

    def test_a_message_to_itself_stands_in_its_column(self):
        drawn = self.draw([record(1.0, invite(1, "", ""), True, RITA, SCSCF),
                           record(2.0, invite(2, "", ""), True, SCSCF, SCSCF)])
        line = next(line for line in drawn.splitlines() if "to itself" in line)
        self.assertEqual(line.index("INVITE to itself"), drawn.splitlines()[1].rindex("|") + 2)

    def test_columns_arrows_notes_and_decisions(self):
        drawn = self.draw([record(1.0, invite(1, "Require: precondition\n", "mandatory"), True, RITA, SCSCF),
                           decision(1.2, "s9", "relaxed to optional", ["IW-RET-06"]),
                           record(1.25, answer("420 Bad Extension", "1 INVITE", "Unsupported: precondition\n"), True,
                                  SCSCF, RITA)])
        lines = drawn.splitlines()
        self.assertLess(lines[0].index("rita"), lines[0].index("S-CSCF"))
        self.assertNotIn("ISP", lines[0])
        self.assertRegex(drawn, r"0\.000 +\|-+ INVITE -+>\|")
        self.assertRegex(drawn, r"0\.250 +\|<-* 420 Bad Extension -*\|")
        self.assertIn("Require: precondition", drawn)
        self.assertIn("qos strength: mandatory", drawn)
        self.assertIn(">> S-CSCF decides: relaxed to optional  [IW-RET-06]", drawn)
        self.assertLess(drawn.index("decides"), drawn.index("420"))

    def test_all_rails_stand_below_each_other(self):
        drawn = self.draw([record(1.0, invite(1, "", ""), True, RITA, SCSCF), record(2.0, invite(1, "", ""), True, SCSCF, ISP)])
        rails = [[i for i, c in enumerate(line) if c == "|"] for line in drawn.splitlines() if line.count("|") == 3]
        self.assertEqual(len(rails), 3)
        self.assertTrue(all(rail == rails[0] for rail in rails))

    def test_unknown_addresses_get_a_column(self):
        self.assertIn("9.9.9.9:5060", self.draw([record(1.0, invite(1, "", ""), True, "9.9.9.9:5060", SCSCF)]))


class Words(unittest.TestCase):
    def test_bare_rule_numbers_and_repetitions_are_left_out(self):
        records = [decision(2, "c", "answered with 200", ["X-1"]), decision(1, "c", "RFC 3261 17.1.1.3"),
                   decision(3, "c", "answered with 200", ["X-1"]), decision(4, "c", "row 1")]
        self.assertEqual(trace.in_words(records), [("127.0.1.30", "answered with 200", ("X-1",))])


class Legs(unittest.TestCase):
    def outer(self):
        start = "INVITE sip:dave@isp.example SIP/2.0"
        return [record(1.0, text(start, "1 INVITE", call_id="u1"), False, RITA, SCSCF, "127.0.1.30"),
                record(1.1, text(start, "1 INVITE", call_id="s9"), True, SCSCF, ISP, "127.0.1.30")]

    def test_the_leg_a_node_makes_belongs_to_the_call(self):
        self.assertEqual(trace.other_legs(self.outer(), "u1"), {"u1", "s9"})
        self.assertEqual(trace.calls(self.outer()), ["u1"])

    def test_other_parties_or_later_calls_do_not(self):
        first, second = self.outer()
        self.assertEqual(trace.other_legs([first, second._replace(time=60.0)], "u1"), {"u1"})
        stranger = sip.Message(second.message.raw.replace("rita", "alice"))
        self.assertEqual(trace.other_legs([first, second._replace(message=stranger)], "u1"), {"u1"})

    def test_a_proxied_call_keeps_its_call_id(self):
        first, _ = self.outer()
        onward = first._replace(time=1.1, sent=True, source=SCSCF, target=ISP)
        self.assertEqual(trace.other_legs([first, onward], "u1"), {"u1"})

    def test_a_decision_names_the_leg(self):
        self.assertEqual(trace.other_legs([decision(1, "u1", "two legs", linked="s7")], "s7"), {"u1", "s7"})


if __name__ == "__main__":
    unittest.main()
