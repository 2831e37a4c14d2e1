"""The little of SIP that the lab reads: start line, headers, body of one message."""

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "k": "supported", "c": "content-type",
           "l": "content-length", "r": "refer-to", "s": "subject", "e": "content-encoding"}


class Message:
    """Header names in lower case; values as received, folded lines joined."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.replace("\r\n", "\n").partition("\n\n")
        lines = head.split("\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            if line[:1] in (" ", "\t") and self.headers:
                name, value = self.headers[-1]
                self.headers[-1] = (name, value + " " + line.strip())
                continue
            name, colon, value = line.partition(":")
            if colon:
                name = name.strip().lower()
                self.headers.append((COMPACT.get(name, name), value.strip()))

    @property
    def is_response(self):
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self):
        """0 for a request."""
        word = self.start.split(" ")[1] if self.is_response and " " in self.start else ""
        return int(word) if word.isdigit() else 0

    @property
    def reason(self):
        return self.start.split(" ", 2)[2] if self.is_response and self.start.count(" ") >= 2 else ""

    @property
    def method(self):
        """Of the request, or of the request that this answers."""
        return self.cseq[1] if self.is_response else self.start.split(" ")[0]

    @property
    def request_uri(self):
        words = self.start.split(" ")
        return words[1] if not self.is_response and len(words) > 1 else ""

    @property
    def cseq(self):
        words = self.first("cseq").split()
        return (int(words[0]) if words and words[0].isdigit() else 0, words[1] if len(words) > 1 else "")

    @property
    def call_id(self):
        return self.first("call-id")

    def values(self, name):
        return [value for header, value in self.headers if header == name]

    def first(self, name):
        return next(iter(self.values(name)), "")

    def tags(self, name):
        """Option tags of Require, Supported, Unsupported, ... in lower case."""
        return [tag.strip().lower() for value in self.values(name) for tag in value.split(",") if tag.strip()]

    def qos_strengths(self):
        """Strengths of the a=des:qos lines (RFC 3312), in order."""
        return [line.split()[1] for line in self.body.split("\n")
                if line.startswith("a=des:qos ") and len(line.split()) > 1]

    def has_qos_lines(self):
        return any(line.startswith(("a=curr:qos", "a=des:qos", "a=conf:qos")) for line in self.body.split("\n"))


def uri_of(header_value):
    """sip:user@host of a name-addr or addr-spec, without parameters."""
    inner = header_value.partition("<")[2].partition(">")[0] if "<" in header_value else header_value.partition(";")[0]
    return inner.strip().partition(";")[0]


def user_of(uri):
    return uri.partition(":")[2].partition("@")[0] if "@" in uri else uri.partition(":")[2]
