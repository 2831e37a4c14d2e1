#include "common/subscriber/aka.hpp"

#include <openssl/crypto.h>

#include <algorithm>

namespace isthmus::subscriber::aka {
namespace {

Sqn operator^(Sqn left, const Sqn& right) {
    for (std::size_t i = 0; i < left.size(); ++i) left.at(i) ^= right.at(i);
    return left;
}

}  // namespace

Sqn octets_of(Number sqn) {
    Sqn octets;
    for (std::size_t i = octets.size(); i-- > 0; sqn >>= 8U) octets.at(i) = static_cast<std::uint8_t>(sqn & 0xffU);
    return octets;
}

Number number_of(const Sqn& sqn) {
    Number number = 0;
    for (const auto octet : sqn) number = number << 8U | octet;
    return number;
}

AkaVector make_vector(const Secret& secret, Number sqn, const Block& rand) {
    const Milenage milenage(secret.k, secret.opc);
    const auto keys = milenage.f2345(rand);
    const auto concealed = octets_of(sqn) ^ keys.ak;
    const auto mac = milenage.f1(rand, octets_of(sqn), secret.amf).a;
    AkaVector vector;
    vector.rand = rand;
    auto place = std::copy(concealed.begin(), concealed.end(), vector.autn.begin());
    place = std::copy(secret.amf.begin(), secret.amf.end(), place);
    std::copy(mac.begin(), mac.end(), place);
    vector.xres.assign(keys.res.begin(), keys.res.end());
    vector.ck = keys.ck;
    vector.ik = keys.ik;
    return vector;
}

std::optional<Number> open_auts(const Secret& secret, const Resynchronisation& said) {
    const Milenage milenage(secret.k, secret.opc);
    Sqn concealed;
    std::copy_n(said.auts.begin(), concealed.size(), concealed.begin());
    const auto sqn = concealed ^ milenage.f5_star(said.rand);
    const auto mac = milenage.f1(said.rand, sqn, Amf{}).s;  // MAC-S is over an AMF of zeros (TS 33.102 6.3.3)
    if (CRYPTO_memcmp(mac.data(), said.auts.data() + concealed.size(), mac.size()) != 0) return std::nullopt;
    return number_of(sqn);
}

}  // namespace isthmus::subscriber::aka
