// A subscriber's card in a test: accepts a challenge of its home network, or says which SQN it has (TS 33.102 6.3.3).
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "common/subscriber/aka.hpp"

namespace isthmus::support {

namespace aka = subscriber::aka;

// Set 1 of cx.md section 9.
inline const std::string card_k = "465b5ce8b199b49faa5f0a2ee238a6bc";
inline const std::string card_op = "cdc202d5123e20f62b6d676ac72cb318";
inline const std::string card_opc = "cd63cb71954a9f4e48a5994e37a02baf";

template <class Octets>
std::string text_of(const Octets& octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

inline aka::Block block(const std::string& hex) {
    aka::Block out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out.at(i) = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    return out;
}

struct Card {
    aka::Secret secret{block(card_k), block(card_opc), {0x80, 0x00}};

    /// The SQN of a challenge; nothing when it is not of the home network.
    [[nodiscard]] std::optional<aka::Number> sqn_of(const aka::Block& rand, const aka::Block& autn) const {
        const aka::Milenage milenage(secret.k, secret.opc);
        const auto ak = milenage.f2345(rand).ak;
        aka::Sqn sqn{};
        for (std::size_t i = 0; i < sqn.size(); ++i) sqn.at(i) = static_cast<std::uint8_t>(autn.at(i) ^ ak.at(i));
        const auto number = aka::number_of(sqn);
        if (aka::make_vector(secret, number, rand).autn != autn) return std::nullopt;
        return number;
    }
    [[nodiscard]] std::optional<aka::Number> sqn_of(const subscriber::AkaVector& vector) const {
        return sqn_of(vector.rand, vector.autn);
    }
    /// RES.
    [[nodiscard]] std::string answer(const aka::Block& rand) const {
        return text_of(aka::Milenage(secret.k, secret.opc).f2345(rand).res);
    }
    /// AUTS of a card that has `own`.
    [[nodiscard]] subscriber::Resynchronisation refuse(const aka::Block& rand, aka::Number own) const {
        const aka::Milenage milenage(secret.k, secret.opc);
        const auto star = milenage.f5_star(rand);
        const auto sqn = aka::octets_of(own);
        const auto mac = milenage.f1(rand, sqn, {}).s;
        subscriber::Resynchronisation said;
        said.rand = rand;
        for (std::size_t i = 0; i < sqn.size(); ++i)
            said.auts.at(i) = static_cast<std::uint8_t>(sqn.at(i) ^ star.at(i));
        std::copy(mac.begin(), mac.end(), said.auts.begin() + static_cast<std::ptrdiff_t>(sqn.size()));
        return said;
    }
};

}  // namespace isthmus::support
