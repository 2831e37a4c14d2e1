"""Builds recordings of a relaxed call, as the ISP's server would have kept them."""
from labkit import sip
from labkit.trace import Record

SCSCF, ISP, PHONE = "127.0.1.30:5060", "127.0.1.50:5060", "127.0.1.60:5060"
QOS = "a=curr:qos local none\na=curr:qos remote none\na=des:qos {0} local sendrecv\na=des:qos none remote sendrecv\n"


def text(start, cseq, extra="", body="", call_id="s9"):
    return (f"{start}\nVia: SIP/2.0/UDP x;branch=z9hG4bK{cseq.replace(' ', '')}\nFrom: <sip:rita@ims.example>;tag=a\n"
            f"To: <sip:dave@isp.example>\nCall-ID: {call_id}\nCSeq: {cseq}\n{extra}\n{body}")


def record(time, raw, sent=False, source=SCSCF, target=ISP, node="isp"):
    message = sip.Message(raw)
    return Record("message", time, node, sent, source, target, message, message.call_id, "", [], "")


def invite(cseq, extra, strength):
    body = QOS.format(strength) if strength else "v=0\n"
    return text("INVITE sip:dave@isp.example SIP/2.0", f"{cseq} INVITE", extra, body)


def answer(status, cseq, extra=""):
    return text(f"SIP/2.0 {status}", cseq, extra)


def ack(cseq):
    return text("ACK sip:dave@isp.example SIP/2.0", f"{cseq} ACK")


def relaxed_call(first="Require: precondition, 100rel\n", second="Supported: precondition, 100rel\n", strength="optional",
                 second_cseq=2, unsupported="precondition", ack_time=3.0, end=("200 OK",)):
    """What the checks want, each part of it open to be spoilt."""
    last = end[0]
    out = [record(1.0, invite(1, first, "mandatory")),
           record(2.0, answer("420 Bad Extension", "1 INVITE", f"Unsupported: {unsupported}\n"), True, ISP, SCSCF),
           record(4.0, invite(second_cseq, second, strength)),
           record(5.0, answer(last, f"{second_cseq} INVITE"), True, ISP, SCSCF),
           record(6.0, ack(second_cseq))]
    if ack_time is not None:
        out.append(record(ack_time, ack(1)))
    return sorted(out, key=lambda item: item.time)


def bye(by_caller, status="200 OK"):
    there, back = ((SCSCF, ISP), (ISP, SCSCF)) if by_caller else ((ISP, SCSCF), (SCSCF, ISP))
    return [record(7.0, text("BYE sip:x SIP/2.0", "9 BYE"), not by_caller, *there),
            record(8.0, answer(status, "9 BYE"), by_caller, *back)]
