"""The demo: every check acts, draws its ladder and says in words what was decided and whether it held."""
import base64
import json
import time

from . import judge, sip, trace
from .card import Card, CardPhone
from .judge import Verdict, need
from .layout import (BACKUP, CARDS, CORE, DEAD, HOME, IMPOSTOR, INTERNET_USER, ISP, KAMAILIO, KAMAILIO_AS_IMPOSTOR, NODES,
                     PHONES, PORT, SECURE_ISP, TLS_PORT, title_of, with_password)
from .process import LabError, is_free, undisturbed, wait_until

CORE_ADDRESS = CORE["scscf"]
CARD_USER = next(iter(CARDS))
OTHER_PORT = 5070  # of a phone at an address that is known with the usual one
OUTSIDE = f"sip:{INTERNET_USER}@{ISP}"


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.ladder = trace.Ladder(title_of())
        self.routes = {}
        self.results = []
        self.started = 0.0
        self.phones = []

    CHECKS = [("registration of three subscribers", "registration"),
              ("AKA phone registers", "card_registration"),
              ("a card that is ahead brings the directory after it", "resynchronisation"),
              ("a call between two subscribers", "inner_call"),
              ("a Rel-5 phone calls the Internet and hangs up", "relaxed_caller"),
              ("a Rel-5 phone calls the Internet, the Internet phone hangs up", "relaxed_callee"),
              ("a call to an ISP domain over TLS", "secure_call"),
              ("a wrong certificate is refused, in words", "wrong_certificate"),
              ("openssl reaches the S-CSCF by TLS", "options_by_openssl"),
              ("one SQL statement denies the domain", "denied"),
              ("another allows it again", "allowed_again"),
              ("the first server of a domain is dead, the call arrives through the second", "failed_over"),
              ("an S-CSCF is killed, its users are called and call without registering anew", "taken_over")]

    def run(self):
        for name, method in self.CHECKS:
            print(f"\n=== {name} ===", flush=True)
            self.started = time.time()
            try:
                ok, detail = True, getattr(self, method)()
            except (Verdict, LabError, OSError) as why:
                ok, detail = False, str(why)
            finally:
                self.end_phones()
            self.draw()
            print(f"{'OK' if ok else 'FAILED'}: {name}: {detail}", flush=True)
            self.results.append({"name": name, "ok": ok, "detail": detail})
        return all(result["ok"] for result in self.results)

    def report(self, path):
        path.write_text(json.dumps({"checks": self.results}, indent=2) + "\n")

    # --- helpers ---

    def records(self):
        return [record for record in self.lab.records() if record.time >= self.started]

    def isp_records(self):
        return [record for record in self.lab.isp_records() if record.time >= self.started]

    def draw(self):
        """The ladder of the check's first call, or of its first registration."""
        records = self.records()
        calls = trace.calls(records)
        registers = [record for record in records if record.kind == "message" and record.message.method == "REGISTER"
                     and record.source.rsplit(":", 1)[0] in PHONES.values()]
        chosen = calls[0] if calls else registers[0].call_id if registers else None
        if chosen:
            print(self.ladder.draw(trace.of_call(records, chosen)), end="")

    @staticmethod
    def eventually(verdict, seconds=5):
        """The verdict, once the traces are written; its last objection when they never bear it out."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return verdict()
            except Verdict:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def phone(self, scenario, user, card=None, **keys):
        with undisturbed():
            phone = self.lab.sipp(scenario, user, keys, card=card)
            self.phones.append(phone)
        return phone

    def end_phones(self):
        """A scenario that did not come to its end must not hold its address against the next check."""
        for phone in self.phones:
            phone.end()
        self.phones = []

    def caller(self, scenario, user, callee):
        need(user in self.routes, f"{user} is not registered")
        return self.phone(scenario, user, callee=callee, service_route=self.routes[user])

    # --- checks ---

    def registration(self):
        for user in with_password():
            phone = self.phone("register", user, expires="3600")
            done = phone.wait()
            need(done, f"{user}: {phone.complaint()}")
            answers = [message.status for message in phone.received() if message.status >= 200]
            need(answers[0] == 401, f"{user}: the first REGISTER was answered with {answers[0]}, not challenged")
            self.routes[user] = judge.registered(phone.last_response("REGISTER"))
        rows = self.lab.cluster.sql("SELECT contact FROM subscriber.binding", "postgres")
        need(len(rows) >= len(with_password()), f"the database holds {len(rows)} contacts")
        return f"{', '.join(with_password())}: challenged, then 200 with Service-Route; {len(rows)} contacts in the database"

    def card_registration(self):
        """SIPp has Milenage of its own, so both sides are proved: it verifies AUTN, the S-CSCF its RES."""
        card = CARDS[CARD_USER]
        stranger = self.other_card(card)
        before = self.sqn_issued()
        phone = self.card_phone(card)
        done = phone.wait()
        while not done and self.cut_short(phone, card):
            phone = self.card_phone(card)
            done = phone.wait()
        need(done, f"{CARD_USER}: {phone.complaint()}")
        first = next((message for message in phone.received() if message.status >= 200), None)
        answer = next((message for message in phone.sent() if message.cseq[0] == 2), None)
        how = self.eventually(lambda: judge.challenged_by_card(first, self.challenge_inside(first.call_id), answer))
        judge.registered(phone.last_response("REGISTER"))
        contacts = self.lab.cluster.sql("SELECT contact FROM subscriber.binding WHERE private_identity = "
                                        f"'{CARD_USER}@{HOME}'", "postgres")
        need(any(PHONES[CARD_USER] in contact for contact, in contacts), f"the database holds {contacts}")
        need(self.sqn_issued() > before, f"SQN was {before} and is {self.sqn_issued()}")
        return f"{CARD_USER}: {how}; 200 with Service-Route; SQN {before} > {self.sqn_issued()}; {stranger}"

    def other_card(self, card):
        """What tells a verified AUTN from one nobody looked at: a phone with another key refuses the network."""
        phone = self.card_phone({**card, "k": card["k"][::-1]})
        done = phone.wait()
        need(not done, "a phone with another key registered")
        need("MAC" in phone.complaint(), f"a phone with another key did not refuse our AUTN: {phone.complaint()}")
        need(len(phone.sent()) == 1, "a phone with another key answered the challenge")
        return "a phone with another key refused the challenge"

    @staticmethod
    def cut_short(phone, card):
        """SIPp 3.6.1 takes RES for a C string: of one with a zero octet, three in a hundred, it hashes the part before.
        Such an answer is wrong, and 403 is right; anything else that goes wrong is not excused."""
        answers = [message for message in phone.received() if message.status >= 200]
        if [message.status for message in answers[:2]] != [401, 403]:
            return False
        nonce = base64.b64decode(judge.nonce_of(answers[0]))
        return b"\0" in Card(**card, sqn=0).res(nonce)

    def card_phone(self, card):
        return self.phone("register_aka", CARD_USER, card, expires="3600")

    def sqn_issued(self):
        return int(self.lab.cluster.sql("SELECT sqn FROM subscriber.aka WHERE private_identity = "
                                        f"'{CARD_USER}@{HOME}'")[0][0])

    def challenge_inside(self, call_id):
        """The 401 as it left the S-CSCF."""
        return next((record.message for record in self.records() if record.kind == "message" and record.sent
                     and record.node == CORE["scscf"] and record.message.status == 401
                     and record.message.call_id == call_id), None)

    def resynchronisation(self):
        issued = self.sqn_issued()
        card = Card(**CARDS[CARD_USER], sqn=issued + (1_000_000 << 5))
        here = (PHONES[CARD_USER], OTHER_PORT)
        with CardPhone(here, (CORE["pcscf"], PORT), CARD_USER, HOME, card) as phone:
            nonce = judge.nonce_of(phone.register(phone.no_answer()))
            need(not card.fresh(base64.b64decode(nonce)), "the card took a challenge from behind its own number")
            said = phone.answer_to(nonce)
            need("auts=" in said, "the card did not ask for re-synchronisation")
            fresh = judge.nonce_of(phone.register(said))
            need(fresh != nonce, "the same challenge came again")
            sqn = card.sqn_of(base64.b64decode(fresh))
            need(sqn is not None, "the new challenge is not of the home network")
            need(sqn >> 5 == (card.sqn >> 5) + 1, f"after AUTS for SEQ {card.sqn >> 5} the directory issued SEQ {sqn >> 5}")
            judge.registered(phone.register(phone.answer_to(fresh)))
            return (f"SEQ {issued >> 5} was refused with AUTS, the directory followed to SEQ {self.sqn_issued() >> 5}, the "
                    f"card took it, 200; {self.forged_auts(card)}")

    def forged_auts(self, card):
        """AUTS of a card with another key: refused, and it moves nothing."""
        before = self.sqn_issued()
        stranger = Card(card.k[::-1].hex(), CARDS[CARD_USER]["op"], CARDS[CARD_USER]["amf"], before + (1 << 30))
        with CardPhone((PHONES[CARD_USER], OTHER_PORT + 1), (CORE["pcscf"], PORT), CARD_USER, HOME, stranger) as phone:
            refused = phone.register(phone.answer_to(judge.nonce_of(phone.register(phone.no_answer()))))
        need(refused.status == 403, f"a forged AUTS was answered with {refused.start}")
        after = self.sqn_issued()
        need(after >> 5 == (before >> 5) + 1, f"a forged AUTS moved SQN from {before} to {after}")
        return "a forged AUTS got 403"

    def inner_call(self):
        bob = self.phone("answer", "bob")
        wait_until(lambda: not is_free(PHONES["bob"], PORT), 5, "bob's phone does not start")
        alice = self.caller("call", "alice", f"sip:bob@{HOME}")
        need(alice.wait(), f"alice: {alice.complaint()}")
        need(bob.wait(), f"bob: {bob.complaint()}")
        invite = next(message for message in bob.received() if message.method == "INVITE")
        asserted = invite.first("p-asserted-identity")
        need(sip.uri_of(asserted) == f"sip:alice@{HOME}", f"bob saw P-Asserted-Identity {asserted!r}")
        need(not invite.values("p-charging-vector"), "bob saw a P-Charging-Vector")
        # bob wants a capability that only the second S-CSCF has; DNS leads to either I-CSCF.
        wanted = [["alice", "P-CSCF", "S-CSCF", icscf, "S-CSCF 2", "P-CSCF 2", "bob"] for icscf in ("I-CSCF", "I-CSCF 2")]

        def passed():
            hops = judge.path_of(trace.arrows_of(self.records()), self.ladder.name, "INVITE")
            need(hops in wanted, f"the INVITE went {' > '.join(hops)}")
            return " > ".join(hops)
        return f"{self.eventually(passed)}; answered, BYE answered; bob saw {asserted}"

    def relaxed_caller(self):
        rita = self.caller("rel5_call", "rita", OUTSIDE)
        need(rita.wait(), f"rita: {rita.complaint()}")
        return self.relaxed_and_hung_up(by_caller=True)

    def relaxed_callee(self):
        rita = self.caller("rel5_called_off", "rita", OUTSIDE)
        wait_until(self.is_established, 20, "the call is not established")
        self.lab.hang_up_internet_phone()
        need(rita.wait(), f"rita: {rita.complaint()}")
        return self.relaxed_and_hung_up(by_caller=False)

    def is_established(self):
        records = self.isp_records()
        invites = [record for record in judge.requests(records, "INVITE") if trace.host(record.source) == CORE_ADDRESS]
        last = judge.final_response(records, invites[-1]) if invites else None
        return last is not None and last.message.status == 200 and any(
            record.message.cseq[0] == invites[-1].message.cseq[0] for record in judge.requests(records, "ACK"))

    def relaxed_and_hung_up(self, by_caller):
        how = self.eventually(lambda: judge.relaxed(self.isp_records(), CORE_ADDRESS))
        end = self.eventually(lambda: judge.hung_up(self.isp_records(), CORE_ADDRESS, by_caller))
        return f"{how}; {end}; {self.decisions('the S-CSCF gave no reason for its second INVITE')}"

    def decisions(self, objection):
        """What the S-CSCF decided, in words."""
        def said():
            texts = [text for node, text, _ in trace.in_words(self.records()) if node == CORE["scscf"]]
            need(texts, objection)
            return "decided: " + "; ".join(dict.fromkeys(texts))
        return self.eventually(said)

    def secure_call(self):
        rita = self.caller("rel5_call", "rita", f"sip:{INTERNET_USER}@{SECURE_ISP}")
        need(rita.wait(), f"rita: {rita.complaint()}")
        how = self.eventually(lambda: judge.by_tls(self.isp_records(), CORE_ADDRESS, f"{KAMAILIO}:{TLS_PORT}"))
        end = self.eventually(lambda: judge.hung_up(self.isp_records(), CORE_ADDRESS, True))
        return f"{how}; {end}"

    def wrong_certificate(self):
        before = time.monotonic()
        rita = self.caller("refused", "rita", f"sip:{INTERNET_USER}@{IMPOSTOR}")
        need(rita.wait(), f"rita: {rita.complaint()}")
        took = time.monotonic() - before
        warning = judge.refused_for_tls(rita.last_response("INVITE"), took)
        need(not judge.requests(self.isp_records(), "INVITE"), "an INVITE reached the impostor all the same")

        def said():
            return judge.logged_certificate(self.lab.programs.tail("scscf", 50), KAMAILIO_AS_IMPOSTOR)
        return f"480, Warning: {warning}, within {took:.1f} s; nothing sent; the S-CSCF's log: {self.eventually(said)}"

    def options_by_openssl(self):
        """A TLS client that is not ours believes our certificate, is answered, and would not believe another name."""
        here = CORE["scscf"]
        number = time.monotonic_ns()
        request = (f"OPTIONS sip:{here}:{TLS_PORT};transport=tls SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;rport;"
                   f"branch=z9hG4bK{number}\r\nMax-Forwards: 5\r\nFrom: <sip:openssl@127.0.0.1>;tag=1\r\nTo: <sip:{here}>"
                   f"\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
        said = self.lab.ask_by_openssl(CORE["icscf"], "scscf", here, request)
        need("SIP/2.0 200 " in said, f"openssl was not answered with 200:\n{said[-500:]}")
        said = self.lab.ask_by_openssl(KAMAILIO, "scscf", here, request)
        need("SIP/2.0 403 " in said, f"openssl as a stranger was not answered with 403:\n{said[-500:]}")
        said = self.lab.ask_by_openssl(CORE["icscf"], "scscf", CORE["icscf"], request)
        need("SIP/2.0" not in said and "mismatch" in said, f"openssl took the certificate for another one:\n{said[-500:]}")
        return ("from a neighbour's address OPTIONS was answered with 200, from a stranger's with 403; under another name "
                "openssl refused the certificate")

    def denied(self):
        before = self.lab.programs.pid("scscf")
        self.lab.cluster.deny_isp("demo: fraud seen from this network")
        time.sleep(0.2)  # promised within 0.1 s of the COMMIT
        rita = self.caller("refused", "rita", OUTSIDE)
        done = rita.wait()
        warning = judge.refused_by_policy(rita.last_response("INVITE"))
        need(done, f"rita: {rita.complaint()}")
        sent = [record for record in judge.requests(self.isp_records(), "INVITE")]
        need(not sent, "an INVITE went to the ISP all the same")
        need(self.lab.programs.pid("scscf") == before, "the S-CSCF was restarted")
        return f"403, Warning: {warning}; nothing sent to the ISP, S-CSCF not restarted (pid {before})"

    def allowed_again(self):
        before = self.lab.programs.pid("scscf")
        self.lab.cluster.allow_isp()
        time.sleep(0.2)  # as above
        rita = self.caller("rel5_call", "rita", OUTSIDE)
        need(rita.wait(), f"rita: {rita.complaint()}")
        need(self.lab.programs.pid("scscf") == before, "the S-CSCF was restarted")
        return self.relaxed_and_hung_up(by_caller=True)

    def failed_over(self):
        rita = self.caller("rel5_call", "rita", f"sip:{INTERNET_USER}@{BACKUP}")
        need(rita.wait(), f"rita: {rita.complaint()}")
        said = self.eventually(lambda: judge.failed_over(
            [record for record in self.records() if record.node == CORE["scscf"]], CORE["scscf"], DEAD, KAMAILIO))
        return f"{said}; {self.decisions('the S-CSCF gave no reason')}"

    def taken_over(self):
        """SR-REG-54: whoever is asked next serves the users of an S-CSCF that is gone, calls in and calls out."""
        before = self.registers()
        self.lab.programs.kill("scscf")
        said = [self.call_between("bob", "alice"), self.call_between("alice", "bob")]
        need(self.lab.programs.pid("scscf") is None, "the S-CSCF that was killed runs")
        need(self.registers() == before, f"{self.registers() - before} REGISTERs were sent meanwhile")
        names = [name for name, in self.lab.cluster.sql(
            "SELECT DISTINCT server_name FROM subscriber.assignment WHERE server_name IS NOT NULL", "postgres")]
        self.lab.start_core("scscf")
        self.lab.await_core("scscf")
        return f"{'; '.join(said)}; no REGISTER; assigned now: {', '.join(sorted(names))}"

    def registers(self):
        return sum(1 for record in self.lab.records() if record.kind == "message" and record.message.method == "REGISTER"
                   and record.message.status == 0)

    def call_between(self, caller, callee):
        """Set up and ended through the second S-CSCF on both sides."""
        since = time.time()
        called = self.phone("answer", callee)
        wait_until(lambda: not is_free(PHONES[callee], PORT), 5, f"{callee}'s phone does not start")
        calling = self.caller("call", caller, f"sip:{callee}@{HOME}")
        need(calling.wait(), f"{caller}: {calling.complaint()}")
        need(called.wait(), f"{callee}: {called.complaint()}")

        def passed():
            records = [record for record in self.lab.records() if record.time >= since]
            hops = judge.path_of(trace.arrows_of(records), self.ladder.name, "INVITE")
            served = [hop for hop in hops if hop.startswith("S-CSCF")]
            need("S-CSCF 2" in served, f"the INVITE went {' > '.join(hops)}")
            return f"{caller} called {callee}: {' > '.join(hops)}"
        return self.eventually(passed)
