"""The lab's card against docs/procedures/cx.md section 9, set 1."""
import base64
import unittest

from labkit.card import Card, authorization

K, OP, SQN = "465b5ce8b199b49faa5f0a2ee238a6bc", "cdc202d5123e20f62b6d676ac72cb318", 0xff9bb4d0b607
NONCE64 = "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M="
NONCE = base64.b64decode(NONCE64)
USER, REALM = "user1_private@home1.example", "home1.example"


class Vectors(unittest.TestCase):
    def test_functions(self):
        card = Card(K, OP, "b9b9", SQN)
        self.assertEqual(card.opc.hex(), "cd63cb71954a9f4e48a5994e37a02baf")
        self.assertEqual(card.sqn_of(NONCE), SQN)
        self.assertEqual(card.res(NONCE).hex(), "a54211d5e3ba50bf")
        self.assertEqual(card.auts(NONCE).hex(), "ba853f3c123ccf44e93596e355c6")
        self.assertIsNone(card.sqn_of(NONCE[:-1] + b"\0"))

    def test_a_fresh_challenge_is_answered(self):
        said = authorization(Card(K, OP, "b9b9", SQN - 32), USER, REALM, NONCE64)
        self.assertIn('response="89adc7471a601f69d1df94ac6dfdc294"', said)
        self.assertNotIn("auts", said)

    def test_an_old_challenge_is_refused_with_auts(self):
        said = authorization(Card(K, OP, "b9b9", SQN), USER, REALM, NONCE64)
        self.assertIn('response="3dba77102a210a9be0529722510d656b"', said)
        self.assertIn('auts="uoU/PBI8z0TpNZbjVcY="', said)


if __name__ == "__main__":
    unittest.main()
