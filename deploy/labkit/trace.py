"""Reads what the nodes and the ISP's Kamailio recorded, and draws ladders from it."""
import calendar
import json
import re
import time
from collections import defaultdict, namedtuple

from . import sip

# kind: "message" or "decision"; source and target are "address:port"
Record = namedtuple("Record", "kind time node sent source target message call_id text rules linked")
Arrow = namedtuple("Arrow", "time source target message")


def parse_time(text):
    """Seconds since 1970 of 2026-11-21T09:00:00.123456Z."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))


def parse_node_line(line):
    entry = json.loads(line)
    when = parse_time(entry["time"])
    if entry["kind"] == "decision":
        return Record("decision", when, entry["node"], False, "", "", None, entry["call_id"], entry["text"],
                      entry.get("rules", []), entry.get("linked_call_id", ""))
    sent = entry["direction"] == "sent"
    source, target = (entry["local"], entry["remote"]) if sent else (entry["remote"], entry["local"])
    message = sip.Message(entry["raw"])
    return Record("message", when, entry["node"], sent, source, target, message, message.call_id, "", [], "")


def read_node_trace(path):
    """Records of one node's trace; a last line that is still being written is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        records.append(parse_node_line(line))
    return records


DUMP = re.compile(r"={20}\n(?P<meta>.*?)\n~{20}\n(?P<raw>.*?)\|{20}\n", re.S)


def parse_dump(text, node):
    """Records of a file that Kamailio's sipdump module wrote."""
    records = []
    for match in DUMP.finditer(text):
        meta = dict(line.split(": ", 1) for line in match["meta"].split("\n") if ": " in line)
        message = sip.Message(match["raw"])
        records.append(Record("message", float(meta["time"]), node, meta["tag"] == "snd",
                              f"{meta['srcip']}:{meta['srcport']}", f"{meta['dstip']}:{meta['dstport']}",
                              message, message.call_id, "", [], ""))
    return records


def read_dumps(folder, node):
    records = []
    for path in sorted(folder.glob("isp-*.data")):
        records += parse_dump(path.read_bytes().decode("latin-1").replace("\r\n", "\n"), node)
    return sorted(records, key=lambda record: record.time)


def host(place):
    """Address of "address:port": over TCP a node sends from a port of its own."""
    return place.rsplit(":", 1)[0]


def same_bytes(message):
    return message.raw.replace("\r\n", "\n")


def arrows_of(records):
    """What one node sent and the next received is one arrow; each retransmission has its own. Ports do not count:
    over TCP the sender's is another at the receiver."""
    groups = defaultdict(lambda: ([], []))
    for record in records:
        if record.kind == "message":
            key = (host(record.source), host(record.target), same_bytes(record.message))
            groups[key][0 if record.sent else 1].append(record)
    arrows = []
    for sent, received in groups.values():
        for i in range(max(len(sent), len(received))):
            pair = [side[i] for side in (sent, received) if i < len(side)]
            arrows.append(Arrow(min(record.time for record in pair), pair[0].source, pair[0].target, pair[0].message))
    return sorted(arrows, key=lambda arrow: arrow.time)


def other_legs(records, call_id):
    """Call-IDs of the legs that belong together: named by a decision, or an INVITE which a node sent under a Call-ID
    it had not received, for the same From and To as an INVITE it received shortly before."""
    links = defaultdict(set)
    known = defaultdict(set)
    received = defaultdict(list)
    for record in sorted(records, key=lambda record: record.time):
        if record.linked:
            links[record.call_id].add(record.linked)
            links[record.linked].add(record.call_id)
        if record.kind != "message" or record.message.is_response or record.message.method != "INVITE":
            continue
        parties = tuple(sip.uri_of(record.message.first(name)) for name in ("from", "to"))
        if not record.sent:
            known[record.node].add(record.call_id)
            received[record.node].append((record.time, parties, record.call_id))
            continue
        if record.call_id in known[record.node]:
            continue
        known[record.node].add(record.call_id)
        for when, who, other in reversed(received[record.node]):
            if who == parties and other != record.call_id and record.time - when < 5:
                links[other].add(record.call_id)
                links[record.call_id].add(other)
                break
    found, todo = set(), [call_id]
    while todo:
        current = todo.pop()
        if current not in found:
            found.add(current)
            todo += links[current]
    return found


def of_call(records, call_id):
    legs = other_legs(records, call_id)
    return [record for record in records if record.call_id in legs]


def calls(records):
    """Call-IDs of INVITEs that came first on their call, oldest first."""
    seen, out = set(), []
    for record in sorted(records, key=lambda record: record.time):
        if record.kind == "message" and record.message.method == "INVITE" and not record.message.is_response:
            if record.call_id not in seen:
                seen |= other_legs(records, record.call_id)
                out.append(record.call_id)
    return out


def in_words(records):
    """Decisions that say more than a rule's number, each once, in order: (node, text, rules)."""
    told = [(record.node, record.text, tuple(record.rules)) for record in sorted(records, key=lambda record: record.time)
            if record.kind == "decision" and re.search("[a-z]{4}", record.text)]
    return list(dict.fromkeys(told))


def label(message):
    if message.is_response:
        text = f"{message.status} {message.reason}"
        return text if message.method == "INVITE" else f"{text} ({message.method})"
    return message.start.split(" ")[0]


def notes(message):
    """What is worth a line of its own under an arrow."""
    out = []
    if message.method == "INVITE" and not message.is_response:
        out.append(f"{message.request_uri}  CSeq {message.cseq[0]}")
    for name in ("Require", "Unsupported", "Warning", "Retry-After", "Service-Route"):
        if message.values(name.lower()) and (name != "Require" or not message.is_response):
            out.append(f"{name}: {', '.join(message.values(name.lower()))}")
    strengths = message.qos_strengths()
    if strengths:
        out.append("qos strength: " + ", ".join(dict.fromkeys(strengths)))
    return out


class Ladder:
    """One column for each address that takes part; `names` maps "address:port" and "address" to a column's title."""

    def __init__(self, names):
        self.names = names
        self.width = 19

    def name(self, address):
        return self.names.get(address) or self.names.get(host(address)) or address

    def draw(self, records):
        arrows = arrows_of(records)
        if not arrows:
            return "(no messages)\n"
        order = list(dict.fromkeys(self.names.values()))
        present = {self.name(place) for arrow in arrows for place in (arrow.source, arrow.target)}
        columns = [name for name in order if name in present] + sorted(present - set(order))
        self.width = max(19, min(30, 140 // len(columns)))
        start = arrows[0].time
        events = [(arrow.time, 1, arrow) for arrow in arrows]
        events += [(record.time, 0, record) for record in records if record.kind == "decision" and record.text]
        lines = [" " * 9 + "".join(name[:self.width - 1].center(self.width) for name in columns), self.rails(columns)]
        for when, _, event in sorted(events, key=lambda item: item[:2]):
            if isinstance(event, Arrow):
                lines += self.arrow(columns, when - start, event)
            else:
                lines += self.decision(event)
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def rails(self, columns):
        return " " * 9 + ("|".rjust(self.width // 2 + 1).ljust(self.width)) * len(columns)

    def arrow(self, columns, seconds, arrow):
        left, right = columns.index(self.name(arrow.source)), columns.index(self.name(arrow.target))
        text = list(self.rails(columns))
        text[:8] = f"{seconds:8.3f}"
        middle = self.width // 2
        low, high = sorted((left, right))
        begin, end = 9 + low * self.width + middle, 9 + high * self.width + middle
        if begin == end:
            note = f" {label(arrow.message)} to itself"
            text[begin + 1:begin + 1 + len(note)] = note
            return ["".join(text)]
        body = f" {label(arrow.message)} "[:end - begin - 3].center(end - begin - 1, "-")
        body = body[:-1] + ">" if right > left else "<" + body[1:]
        text[begin + 1:end] = body
        lines = ["".join(text)]
        lines += [" " * (begin + 2) + note[:140] for note in notes(arrow.message)]
        return lines

    def decision(self, record):
        rules = f"  [{', '.join(record.rules)}]" if record.rules else ""
        return [" " * 9 + f">> {self.name(record.node)} decides: {record.text}{rules}"]
