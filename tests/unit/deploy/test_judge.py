"""The demo's verdicts: true for a good recording, and each single fault makes them false."""
import unittest

from labkit import judge, sip, trace

from recording import ISP, SCSCF, answer, bye, invite, record, relaxed_call

CORE = "127.0.1.30"


class Relaxed(unittest.TestCase):
    def refuted(self, recording, part):
        with self.assertRaises(judge.Verdict) as caught:
            judge.relaxed(recording, CORE)
        self.assertIn(part, str(caught.exception))

    def test_a_relaxed_call_is_true_in_words(self):
        words = judge.relaxed(relaxed_call(), CORE)
        self.assertIn("420 named precondition", words)
        self.assertIn("CSeq 2 after the ACK", words)

    def test_qos_lines_may_be_gone_altogether(self):
        self.assertIn("no qos lines", judge.relaxed(relaxed_call(strength=""), CORE))

    def test_one_invite_is_not_enough(self):
        self.refuted(relaxed_call()[:3], "1 INVITE")

    def test_retransmissions_do_not_count_as_a_second_invite(self):
        first = relaxed_call()[0]
        self.refuted([first, first._replace(time=1.5)], "1 INVITE")

    def test_second_still_requires(self):
        self.refuted(relaxed_call(second="Require: 100rel,Precondition\n"), "still requires precondition")

    def test_second_still_mandatory(self):
        self.refuted(relaxed_call(strength="mandatory"), "still has qos strength")

    def test_an_unknown_strength_is_not_optional(self):
        self.refuted(relaxed_call(strength="failure"), "still has qos strength")

    def test_cseq_must_rise(self):
        self.refuted([item for item in relaxed_call(second_cseq=0)], "CSeq did not rise")

    def test_ack_must_come_before_the_second(self):
        self.refuted(relaxed_call(ack_time=4.5), "came before the ACK")

    def test_ack_must_come_at_all(self):
        self.refuted(relaxed_call(ack_time=None), "never acknowledged")

    def test_phone_must_name_one_tag(self):
        self.refuted(relaxed_call(unsupported="precondition, 100rel"), "one tag was expected")

    def test_first_must_insist(self):
        self.refuted(relaxed_call(first="Supported: precondition\n"), "did not require")

    def test_the_end_must_be_200(self):
        self.refuted(relaxed_call(end=("486 Busy Here",)), "not answered with 200")

    def test_tcp_from_another_port_is_the_same_node(self):
        moved = [item._replace(source="127.0.1.30:40001") if item.source == SCSCF else
                 item._replace(target="127.0.1.30:40001") for item in relaxed_call()]
        self.assertIn("2 INVITEs", judge.relaxed(moved, CORE))

    def test_invites_of_strangers_do_not_count(self):
        self.refuted([item._replace(source="127.0.9.9:5060") for item in relaxed_call()], "0 INVITE")


class HungUp(unittest.TestCase):
    def test_directions(self):
        self.assertIn("from the caller", judge.hung_up(bye(True), CORE, True))
        self.assertIn("from the callee", judge.hung_up(bye(False), CORE, False))
        for by_caller in (True, False):
            with self.assertRaises(judge.Verdict):
                judge.hung_up(bye(by_caller), CORE, not by_caller)

    def test_needs_its_200(self):
        with self.assertRaises(judge.Verdict):
            judge.hung_up(bye(True, "481 Gone"), CORE, True)
        with self.assertRaises(judge.Verdict):
            judge.hung_up(bye(True)[:1], CORE, True)


class Refused(unittest.TestCase):
    def test_needs_403_with_a_warning_in_words(self):
        good = sip.Message(answer("403 Forbidden", "1 INVITE", 'Warning: 399 scscf "Domain isp.example denied"\n'))
        self.assertIn("denied", judge.refused_by_policy(good))
        for bad in (None, sip.Message(answer("403 Forbidden", "1 INVITE")),
                    sip.Message(answer("404 Not Found", "1 INVITE", 'Warning: 399 x "y"\n'))):
            with self.assertRaises(judge.Verdict):
                judge.refused_by_policy(bad)


class ByTls(unittest.TestCase):
    SOCKET = "127.0.1.50:5061"

    def call(self, via="SIP/2.0/TLS 127.0.1.30:5061", target=SOCKET, end="200 OK"):
        request = invite(1, "", "").replace("SIP/2.0/UDP x", via)
        return [record(1.0, request, source="127.0.1.30:40001", target=target),
                record(2.0, answer(end, "1 INVITE"), True, target, "127.0.1.30:40001")]

    def refuted(self, recording, part):
        with self.assertRaises(judge.Verdict) as caught:
            judge.by_tls(recording, CORE, self.SOCKET)
        self.assertIn(part, str(caught.exception))

    def test_true_in_words(self):
        self.assertIn("by TLS", judge.by_tls(self.call(), CORE, self.SOCKET))

    def test_faults(self):
        self.refuted([], "no INVITE")
        self.refuted(self.call(target=ISP), "not by TLS")
        self.refuted(self.call() + [record(3.0, bye(True)[0].message.raw)], "not by TLS")
        self.refuted(self.call(via="SIP/2.0/TCP x"), "does not say TLS")
        self.refuted(self.call(end="486 Busy Here"), "not answered with 200")


class WrongCertificate(unittest.TestCase):
    GOOD = sip.Message(answer("480 Temporarily Unavailable", "1 INVITE",
                              'Warning: 399 scscf "Secure transport unavailable"\n'))
    LINE = ('time=1 level=warning id=ISTHMUS-TP-005 node=s text="no TLS with tls:127.0.1.51:5061 for 127.0.1.51: the '
            'peer\'s certificate names somebody-else.example, not 127.0.1.51 (RFC 5922 7)" peer=x')

    def test_needs_480_at_once_and_in_words(self):
        self.assertIn("unavailable", judge.refused_for_tls(self.GOOD, 0.3))
        for message, seconds in ((None, 0.1), (self.GOOD, 4.0), (sip.Message(answer("480 Gone", "1 INVITE")), 0.1),
                                 (sip.Message(answer("504 Time-out", "1 INVITE", "Warning: 399 s \"Secure transport "
                                                     "unavailable\"\n")), 0.1)):
            with self.assertRaises(judge.Verdict):
                judge.refused_for_tls(message, seconds)

    def test_needs_the_log_to_say_whom_the_certificate_names(self):
        self.assertTrue(judge.logged_certificate(self.LINE, "127.0.1.51").startswith("no TLS with"))
        for log in ("", self.LINE.replace("TP-005", "TP-004"), self.LINE.replace("somebody-else", "x")):
            with self.assertRaises(judge.Verdict):
                judge.logged_certificate(log, "127.0.1.51")


class Registered(unittest.TestCase):
    GOOD = "Service-Route: <sip:orig@s;lr>\nP-Associated-URI: <sip:a@h>\n"

    def test_gives_the_service_route(self):
        self.assertEqual(judge.registered(sip.Message(answer("200 OK", "2 REGISTER", self.GOOD))), "<sip:orig@s;lr>")

    def test_faults(self):
        for extra in ("", "Service-Route: <sip:x>\n", self.GOOD + "P-Charging-Vector: icid-value=1\n"):
            with self.assertRaises(judge.Verdict):
                judge.registered(sip.Message(answer("200 OK", "2 REGISTER", extra)))
        with self.assertRaises(judge.Verdict):
            judge.registered(sip.Message(answer("403 Forbidden", "2 REGISTER", self.GOOD)))


class ChallengedByCard(unittest.TestCase):
    NONCE = "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M="  # set 1 of docs/procedures/cx.md section 9
    KEYS = f',ik="{"x" * 32}",ck="{"x" * 32}"'  # a node hides their digits before they reach a trace

    def challenge(self, more="", algorithm="AKAv1-MD5", nonce=NONCE):
        return sip.Message(answer("401 Unauthorized", "1 REGISTER",
                                  f'WWW-Authenticate: Digest realm="h",nonce="{nonce}",algorithm={algorithm}{more}\n'))

    def reply(self, algorithm="AKAv1-MD5", nonce=NONCE, response="89adc7471a601f69d1df94ac6dfdc294"):
        return sip.Message(answer("200 OK", "2 REGISTER", f'Authorization: Digest username="u",nonce="{nonce}",'
                                                          f'response="{response}",algorithm={algorithm}\n'))

    def test_good(self):
        words = judge.challenged_by_card(self.challenge(), self.challenge(self.KEYS), self.reply())
        self.assertIn("RAND 23553cbe9637a89d218ae64dae47bf35", words)

    def test_the_nonce_of_a_challenge(self):
        self.assertEqual(judge.nonce_of(self.challenge()), self.NONCE)
        for bad in (self.challenge(algorithm="MD5"), self.challenge(nonce=""), self.reply()):
            with self.assertRaises(judge.Verdict):
                judge.nonce_of(bad)

    def test_faults(self):
        good = (self.challenge(), self.challenge(self.KEYS), self.reply())
        other = "wA1gMQPc7lLER4EZSUIC6Dn5bNmAD68XXfWzGAfiWLA="
        for place, spoilt, part in (
                (0, None, "not challenged"), (0, sip.Message(answer("200 OK", "1 REGISTER")), "not challenged"),
                (0, self.challenge(algorithm="MD5"), "by MD5"), (0, self.challenge(nonce="AAAA"), "3 octets"),
                (0, self.challenge(self.KEYS), "saw ik"), (0, self.challenge(',CK="00"'), "saw ik"),
                (1, None, "no 401"), (1, self.challenge(self.KEYS, nonce=other), "another nonce"),
                (1, self.challenge(), "no ik"), (1, self.challenge(self.KEYS[:30] + '"'), "no ik"),
                (1, self.challenge(self.KEYS.split(",ck")[0]), "no ck"),
                (1, self.challenge(',ik="f769bcd751044604127672711c6d3441",ck="b40b"'), "shows ik"),
                (2, None, "no second"), (2, self.reply(algorithm="MD5"), "by MD5"), (2, self.reply(nonce=other), "nonce"),
                (2, self.reply(response=""), "no response")):
            recording = list(good)
            recording[place] = spoilt
            with self.subTest(part), self.assertRaises(judge.Verdict) as caught:
                judge.challenged_by_card(*recording)
            self.assertIn(part, str(caught.exception))


class Path(unittest.TestCase):
    def test_hops_in_order_without_repetitions(self):
        def arrow(source, target, raw=invite(1, "", "")):
            return trace.Arrow(0, source, target, sip.Message(raw))
        arrows = [arrow("a", "P"), arrow("P", "a", answer("100 Trying", "1 INVITE")), arrow("P", "S"), arrow("S", "I"),
                  arrow("I", "S"), arrow("S", "P"), arrow("P", "b"), arrow("P", "b")]
        self.assertEqual(judge.path_of(arrows, str, "INVITE"), ["a", "P", "S", "I", "S", "P", "b"])
        self.assertEqual(judge.path_of(arrows, str, "BYE"), [])


class Final(unittest.TestCase):
    def test_provisional_and_other_calls_are_passed_over(self):
        call = record(1, invite(1, "", ""))
        ringing = record(2, answer("180 Ringing", "1 INVITE"), True, ISP, SCSCF)
        done = record(3, answer("200 OK", "1 INVITE"), True, ISP, SCSCF)
        self.assertIsNone(judge.final_response([call, ringing], call))
        self.assertIs(judge.final_response([call, ringing, done], call), done)


DEAD, ALIVE = "127.0.1.59:5060", "127.0.1.50:5060"


def branch(raw, name):
    return raw.replace("branch=z9hG4bK", f"branch=z9hG4bK{name}")


def failed_over(first=1.1, second=4.2, second_branch="b", cseq=1, answer_from=ALIVE, status="200 OK"):
    """The S-CSCF's own record of a call whose first server is dead, each part of it open to be spoilt."""
    plain = invite(1, "", "")
    out = [record(1.0, branch(plain, "ue"), False, "127.0.1.10:5060", SCSCF)]
    if first is not None:
        out.append(record(first, branch(plain, "a"), True, SCSCF, DEAD))
    if second is not None:
        out.append(record(second, branch(invite(cseq, "", ""), second_branch), True, SCSCF, ALIVE))
        out.append(record(second + 0.1, branch(answer(status, f"{cseq} INVITE"), second_branch), False, answer_from, SCSCF))
    return out


class FailedOver(unittest.TestCase):
    def judged(self, recording):
        return judge.failed_over(recording, CORE, "127.0.1.59", "127.0.1.50")

    def refuted(self, recording, part):
        with self.assertRaises(judge.Verdict) as caught:
            self.judged(recording)
        self.assertIn(part, str(caught.exception))

    def test_true_in_words(self):
        self.assertIn("3.2 s after it came", self.judged(failed_over()))

    def test_each_fault_makes_it_false(self):
        self.refuted([], "no INVITE reached")
        self.refuted(failed_over(first=None), "127.0.1.59, was never tried")
        self.refuted(failed_over(second=None), "127.0.1.50, was never tried")
        self.refuted(failed_over(first=4.5), "before the first")
        self.refuted(failed_over(second=5.1), "after 4.1 s only")
        self.refuted(failed_over(second_branch="a"), "same branch")
        self.refuted(failed_over(cseq=2), "another request")
        self.refuted(failed_over(answer_from=DEAD), "it is not dead")
        self.refuted(failed_over(status="486 Busy Here"), "never answered with 200")


if __name__ == "__main__":
    unittest.main()
