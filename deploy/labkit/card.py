"""A card (USIM) written for the lab alone, from TS 35.206 and RFC 3310: it checks the network and re-synchronises, which
SIPp does not. AES is the openssl command's."""
import base64
import hashlib
import secrets
import socket
import subprocess

from . import sip


def xor(left, right):
    return bytes(one ^ other for one, other in zip(left, right))


def rotated(block, octets):
    return block[octets:] + block[:octets]


class Card:
    def __init__(self, k, op, amf, sqn):
        """`sqn`: the number it saw last."""
        self.k, self.amf, self.sqn = bytes.fromhex(k), bytes.fromhex(amf), sqn
        self.opc = xor(self.encrypt(bytes.fromhex(op)), bytes.fromhex(op))

    def encrypt(self, block):
        done = subprocess.run(["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", self.k.hex()], input=block,
                              capture_output=True, check=True)
        return done.stdout

    def out(self, rand, rotation, constant):
        temp = self.encrypt(xor(rand, self.opc))
        mixed = rotated(xor(temp, self.opc), rotation)
        return xor(self.encrypt(mixed[:-1] + bytes([mixed[-1] ^ constant])), self.opc)

    def out1(self, rand, sqn, amf):
        temp = self.encrypt(xor(rand, self.opc))
        return xor(self.encrypt(xor(temp, rotated(xor((sqn + amf) * 2, self.opc), 8))), self.opc)

    def sqn_of(self, nonce):
        """The SQN that a challenge hides; None when it is not of the home network."""
        rand, autn = nonce[:16], nonce[16:32]
        sqn = xor(autn[:6], self.out(rand, 0, 1)[:6])
        return int.from_bytes(sqn, "big") if self.out1(rand, sqn, autn[6:8])[:8] == autn[8:] else None

    def fresh(self, nonce):
        sqn = self.sqn_of(nonce)
        return sqn is not None and sqn >> 5 > self.sqn >> 5

    def res(self, nonce):
        return self.out(nonce[:16], 0, 1)[8:]

    def auts(self, nonce):
        rand, own = nonce[:16], self.sqn.to_bytes(6, "big")
        return xor(own, self.out(rand, 12, 8)[:6]) + self.out1(rand, own, b"\0\0")[8:]


def authorization(card, user, realm, nonce64):
    """What a phone with this card answers a challenge with: RES, or AUTS where the challenge is not fresh."""
    nonce, uri = base64.b64decode(nonce64), f"sip:{realm}"
    fresh = card.fresh(nonce)

    def md5(octets):
        return hashlib.md5(octets).hexdigest()
    ha1 = md5(f"{user}:{realm}:".encode() + (card.res(nonce) if fresh else b""))
    response = md5(f"{ha1}:{nonce64}:{md5(f'REGISTER:{uri}'.encode())}".encode())
    auts = "" if fresh else f',auts="{base64.b64encode(card.auts(nonce)).decode()}"'
    return (f'Digest username="{user}",realm="{realm}",nonce="{nonce64}",uri="{uri}",algorithm=AKAv1-MD5,'
            f'response="{response}"{auts}')


class CardPhone:
    """Registers from an address of its own, one request at a time. Use it in a `with`."""

    def __init__(self, here, proxy, user, realm, card):
        self.here, self.proxy, self.user, self.realm, self.card = here, proxy, user, realm, card
        self.call_id, self.cseq = f"{secrets.token_hex(8)}@{here[0]}", 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(here)
        self.socket.settimeout(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def register(self, credentials):
        """The final response."""
        self.cseq += 1
        identity, place = f"sip:{self.user}@{self.realm}", f"{self.here[0]}:{self.here[1]}"
        lines = [f"REGISTER sip:{self.realm} SIP/2.0", f"Via: SIP/2.0/UDP {place};branch=z9hG4bK{secrets.token_hex(8)};rport",
                 "Max-Forwards: 70", f"From: <{identity}>;tag=c{self.call_id[:4]}", f"To: <{identity}>",
                 f"Call-ID: {self.call_id}", f"CSeq: {self.cseq} REGISTER",
                 f"Contact: <sip:{self.user}@{place}>;expires=600", f"Authorization: {credentials}", "Supported: path",
                 "Content-Length: 0", "", ""]
        self.socket.sendto("\r\n".join(lines).encode(), self.proxy)
        while True:
            answer = sip.Message(self.socket.recv(65535).decode())
            if answer.status >= 200 and answer.cseq[0] == self.cseq:
                return answer

    def no_answer(self):
        return (f'Digest username="{self.user}@{self.realm}",realm="{self.realm}",nonce="",uri="sip:{self.realm}",'
                'response=""')

    def answer_to(self, nonce64):
        return authorization(self.card, f"{self.user}@{self.realm}", self.realm, nonce64)
