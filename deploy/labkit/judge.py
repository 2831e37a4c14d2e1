"""Verdicts on recorded messages: pure functions, so that they are tested with recordings."""
import base64
import re

from . import sip
from .trace import host


class Verdict(Exception):
    """A check is not true; the text says why."""


def need(condition, text):
    if not condition:
        raise Verdict(text)


def requests(records, method):
    """Received requests of a method, oldest first, retransmissions left out."""
    seen, out = set(), []
    for record in sorted(records, key=lambda record: record.time):
        message = record.message
        if record.kind != "message" or record.sent or message.is_response or message.method != method:
            continue
        key = (record.source, message.call_id, message.cseq, message.first("via"))
        if key not in seen:
            seen.add(key)
            out.append(record)
    return out


def final_response(records, invite):
    """The final response that was sent to an INVITE, as a record, or None."""
    for record in sorted(records, key=lambda record: record.time):
        message = record.message
        if record.kind == "message" and record.sent and message.status >= 200 and message.method == "INVITE" \
                and message.call_id == invite.message.call_id and message.cseq == invite.message.cseq \
                and host(record.target) == host(invite.source):
            return record
    return None


def relaxed(isp_records, core):
    """The relaxation of a call, as the ISP's server saw it; `core` is the S-CSCF's address. Gives a sentence."""
    invites = [record for record in requests(isp_records, "INVITE") if host(record.source) == core]
    need(len(invites) >= 2, f"the ISP's server received {len(invites)} INVITE from the S-CSCF, two were expected")
    first, second = invites[0], invites[1]
    need("precondition" in first.message.tags("require"), "the first INVITE did not require precondition")
    need("mandatory" in first.message.qos_strengths(), "the first INVITE had no mandatory qos strength")
    refusal = final_response(isp_records, first)
    need(refusal is not None and refusal.message.status == 420, "the first INVITE was not answered with 420")
    named = refusal.message.tags("unsupported")
    need(len(named) == 1, f"the 420 named {named}, one tag was expected")
    need("precondition" not in second.message.tags("require"), "the second INVITE still requires precondition")
    strengths = second.message.qos_strengths()
    need(set(strengths) <= {"optional", "none"} and "mandatory" not in strengths,
         f"the second INVITE still has qos strength {', '.join(strengths)}")
    need(second.message.call_id == first.message.call_id, "the second INVITE has another Call-ID")
    need(second.message.cseq[0] > first.message.cseq[0],
         f"CSeq did not rise: {first.message.cseq[0]}, then {second.message.cseq[0]}")
    acks = [record for record in requests(isp_records, "ACK")
            if record.message.call_id == first.message.call_id and record.message.cseq[0] == first.message.cseq[0]]
    need(acks, "the 420 was never acknowledged")
    need(acks[0].time < second.time, "the second INVITE came before the ACK of the first")
    last = final_response(isp_records, invites[-1])
    need(last is not None and last.message.status == 200, "the last INVITE was not answered with 200")
    confirmed = [record for record in requests(isp_records, "ACK")
                 if record.message.cseq[0] == invites[-1].message.cseq[0]]
    need(confirmed, "the 200 was never acknowledged")
    how = "no qos lines" if not second.message.has_qos_lines() else "qos strength " + ", ".join(dict.fromkeys(strengths))
    return (f"{len(invites)} INVITEs; 420 named {named[0]}; second INVITE CSeq {second.message.cseq[0]} after the ACK, "
            f"Require {second.message.tags('require') or 'absent'}, {how}; answered with 200")


def failed_over(records, core, dead, alive, seconds=4):
    """A call that got through although nobody is at home at the first server; `records` are the core's own."""
    invites = [record for record in sorted(records, key=lambda record: record.time)
               if record.kind == "message" and record.message.method == "INVITE"]
    asked = [record for record in invites if not record.sent and not record.message.is_response]
    need(asked, "no INVITE reached the S-CSCF")
    sent = [record for record in invites if record.sent and not record.message.is_response]
    to_dead = [record for record in sent if host(record.target) == dead]
    to_alive = [record for record in sent if host(record.target) == alive]
    need(to_dead, f"the first server, {dead}, was never tried")
    need(to_alive, f"the second server, {alive}, was never tried")
    first, second = to_dead[0], to_alive[0]
    need(first.time < second.time, "the second server was tried before the first")
    need(second.message.call_id == first.message.call_id and second.message.cseq == first.message.cseq,
         "the second server got another request than the first")
    need(second.message.first("via") != first.message.first("via"), "the second server got it on the same branch")
    took = second.time - asked[0].time
    need(took < seconds, f"the second server was tried after {took:.1f} s only")
    answers = [record for record in invites if not record.sent and record.message.is_response
               and record.message.call_id == second.message.call_id]
    need(not [record for record in answers if host(record.source) == dead], f"{dead} answered: it is not dead")
    need(any(record.message.status == 200 and host(record.source) == alive for record in answers),
         "the second server never answered with 200")
    return f"{dead} said nothing, {alive} got the INVITE on a new branch {took:.1f} s after it came, and answered with 200"


def hung_up(isp_records, core, by_caller):
    """A BYE in the expected direction, answered with 200."""
    from_core = [record for record in isp_records if record.kind == "message" and not record.message.is_response
                 and record.message.method == "BYE" and (host(record.source) == core) == by_caller
                 and (host(record.target) == core) == (not by_caller)]
    need(from_core, "there was no BYE from the " + ("caller" if by_caller else "callee"))
    bye = from_core[0].message
    answers = [record for record in isp_records if record.kind == "message" and record.message.is_response
               and record.message.cseq == bye.cseq and record.message.call_id == bye.call_id]
    need(any(record.message.status == 200 for record in answers), "the BYE was not answered with 200")
    return "BYE from the " + ("caller" if by_caller else "callee") + " answered with 200"


def path_of(arrows, name, method):
    """Columns an initial request passed, in order. The same hop again (a retransmission, UDP where TCP was refused)
    is no other hop."""
    hops, seen = [], set()
    for arrow in arrows:
        step = (name(arrow.source), name(arrow.target))
        if arrow.message.is_response or arrow.message.method != method or step in seen:
            continue
        seen.add(step)
        hops += [place for place in step if not hops or hops[-1] != place]
    return hops


def registered(message):
    """The 200 to a REGISTER as a UE needs it; gives the Service-Route."""
    need(message is not None and message.status == 200, "no 200 to REGISTER")
    route = ", ".join(message.values("service-route"))
    need(route, "the 200 has no Service-Route")
    need(message.values("p-associated-uri"), "the 200 has no P-Associated-URI")
    need(not message.values("p-charging-vector"), "the 200 shows the UE a P-Charging-Vector")
    return route


def digest_parameters(value):
    """Parameters of a Digest header value, names in lower case, quotes taken off."""
    return {name.lower(): quoted or plain
            for name, quoted, plain in re.findall(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))', value)}


def nonce_of(message):
    """Of a 401 by AKAv1-MD5."""
    need(message.status == 401, f"expected 401, got {message.start}")
    seen = digest_parameters(message.first("www-authenticate"))
    need(seen.get("algorithm") == "AKAv1-MD5" and seen.get("nonce"), f"the challenge is by {seen.get('algorithm')}")
    return seen["nonce"]


def challenged_by_card(at_phone, inside, answer):
    """The challenge and answer of AKA: the 401 as the phone got it, as it left the S-CSCF, and the REGISTER that
    followed. Gives a sentence."""
    need(at_phone is not None and at_phone.status == 401,
         f"the first REGISTER was answered with {at_phone.start if at_phone else 'nothing'}, not challenged")
    seen = digest_parameters(at_phone.first("www-authenticate"))
    need(seen.get("algorithm") == "AKAv1-MD5", f"the phone was challenged by {seen.get('algorithm')}, not by AKAv1-MD5")
    nonce = base64.b64decode(seen.get("nonce", ""))
    need(len(nonce) >= 32, f"the nonce has {len(nonce)} octets, RAND and AUTN are 32")
    need("ik" not in seen and "ck" not in seen, "the phone saw ik or ck")
    need(inside is not None, "no 401 left the S-CSCF")
    kept = digest_parameters(inside.first("www-authenticate"))
    need(kept.get("nonce") == seen["nonce"], "the S-CSCF sent another nonce than the phone got")
    for key in ("ik", "ck"):
        need(len(kept.get(key, "")) == 32, f"the S-CSCF's challenge has no {key} of 32 digits")
        need(kept[key] == "x" * 32, f"the trace of the S-CSCF shows {key}")
    need(answer is not None, "the phone sent no second REGISTER")
    said = digest_parameters(answer.first("authorization"))
    need(said.get("algorithm") == "AKAv1-MD5" and said.get("nonce") == seen["nonce"],
         f"the phone answered by {said.get('algorithm')}, nonce {said.get('nonce')}")
    need(re.fullmatch("[0-9a-f]{32}", said.get("response", "")), "the phone's answer has no response")
    return f"challenged by AKAv1-MD5, RAND {nonce[:16].hex()}; ik and ck ended at the P-CSCF"


def refused_by_policy(message):
    """403 with a Warning in words."""
    need(message is not None and message.status == 403,
         f"expected 403, got {message.start if message else 'no answer'}")
    warning = message.first("warning")
    need(warning.startswith("399 ") and warning.count('"') >= 2, f"the 403 has no Warning that says why: {warning!r}")
    return warning


def by_tls(isp_records, core, tls_place):
    """A call that reached the ISP's TLS socket, and nothing of it by another way."""
    invites = [record for record in requests(isp_records, "INVITE") if host(record.source) == core]
    need(invites, "no INVITE came from the S-CSCF")
    clear = [record for record in isp_records if record.kind == "message" and not record.sent
             and host(record.source) == core and record.target != tls_place]
    need(not clear, f"{clear[0].message.start if clear else ''} came to {clear[0].target if clear else ''}, not by TLS")
    need(invites[-1].message.first("via").startswith("SIP/2.0/TLS "), "the INVITE's Via does not say TLS")
    last = final_response(isp_records, invites[-1])
    need(last is not None and last.message.status == 200, "the last INVITE was not answered with 200")
    return f"{len(invites)} INVITEs reached {tls_place} by TLS, the last was answered with 200"


def refused_for_tls(message, seconds):
    """480 at once, with a Warning in words (IW-RTE-06)."""
    need(message is not None and message.status == 480,
         f"expected 480, got {message.start if message else 'no answer'}")
    warning = message.first("warning")
    need("Secure transport unavailable" in warning, f"the 480 has no Warning that says why: {warning!r}")
    need(seconds < 3, f"it took {seconds:.1f} s: that was a time-out")
    return warning


def logged_certificate(log, address):
    """The S-CSCF's words on the certificate of that address."""
    lines = [line for line in log.split("\n") if "ISTHMUS-TP-005" in line and address in line]
    need(lines, "the log says nothing of the certificate")
    need("somebody-else.example" in lines[-1], f"the log does not say whom the certificate names: {lines[-1]}")
    text = lines[-1].partition('text="')[2].partition('" ')[0]
    return text or lines[-1]


def advice(status):
    """What a final response to a call means and what to do, for `diagnose`."""
    known = {
        403: ("refused", "look at the Warning and the decision: policy.domain_rule may deny the domain, or the phone used "
                         "an identity that is not its own"),
        404: ("no such user", "check the number; SELECT uri FROM subscriber.public_identity"),
        408: ("the callee's side gave no answer", "is the phone or the next hop running?"),
        420: ("the callee cannot do what the caller requires", "policy mode STRICT does not relax: allow the domain with "
                                                               "mode RETRY"),
        480: ("the callee is not registered", "register the phone; deploy/lab diagnose of the callee shows its contacts"),
        486: ("busy", "nothing"),
        487: ("the caller gave up", "nothing"),
        503: ("an overloaded or broken next hop, or the database is away", "deploy/lab status"),
        504: ("a node or next hop gave no answer", "deploy/lab status; deploy/lab diagnose dns NAME; check next_hop of the domain's row"),
        580: ("preconditions could not be met", "allow the domain with mode RETRY"),
    }
    return known.get(status, (f"{status}", "look at the ladder: deploy/lab trace"))


def registration_advice(status):
    """The same for the answer to a REGISTER of somebody who is not registered."""
    known = {
        200: ("it was a de-registration, or it has expired", "register again"),
        401: ("the phone did not answer the challenge", "does it know its password, and the realm of the challenge?"),
        403: ("wrong password, unknown user, or not allowed here",
              "compare with subscriber.private_identity; give another password with subscriber.set_password, another "
              "card with subscriber.set_aka"),
        404: ("no such user", "SELECT subscriber.add(...) in deploy/lab psql"),
        423: ("the phone asked for too short a time", "let it ask for longer than Min-Expires"),
        503: ("the database is away", "deploy/lab status; start PostgreSQL"),
        504: ("a node gave no answer", "deploy/lab status"),
    }
    return known.get(status, (f"{status}", "look at the ladder"))


def parties(message):
    return sip.uri_of(message.first("from")), sip.uri_of(message.first("to"))
