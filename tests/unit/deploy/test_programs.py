"""What SIPp and baresip tell the lab."""
import pathlib
import tempfile
import unittest

from labkit import programs

LOG = """----------------------------------------------- 2026-11-21 10:00:00.000000
UDP message sent (713 bytes):

REGISTER sip:ims.example SIP/2.0
CSeq: 1 REGISTER
Call-ID: r1

----------------------------------------------- 2026-11-21 10:00:00.010000
UDP message received [50] bytes :

SIP/2.0 200 OK
CSeq: 1 REGISTER
Call-ID: r1
Service-Route: <sip:a@s;lr>

"""


class Sipp(unittest.TestCase):
    def test_message_log(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.log"
            path.write_text(LOG)
            sent, received = programs.read_sipp_log(path)
            self.assertEqual(programs.read_sipp_log(path.with_name("none")), ([], []))
        self.assertEqual([message.start for message in sent], ["REGISTER sip:ims.example SIP/2.0"])
        self.assertEqual(received[0].status, 200)
        self.assertEqual(received[0].first("service-route"), "<sip:a@s;lr>")


class Baresip(unittest.TestCase):
    def test_answer_between_events(self):
        data = b'14:{"event":true},18:{"response": true},30:{"cut'
        self.assertEqual(programs.netstrings(data), [{"event": True}, {"response": True}])
        self.assertEqual(programs.netstrings(b"garbage"), [])


if __name__ == "__main__":
    unittest.main()
