#include "common/transaction/key.hpp"

#include <bit>
#include <cstring>

#include "common/sip/text.hpp"
#include "common/sip/via.hpp"

namespace isthmus::transaction {
namespace {

/// SipHash-2-4 with the pieces of a key fed one after the other, each ended by a byte no piece contains.
class Hasher {
  public:
    Hasher(const Seed& seed, std::uint64_t salt)
        : v_{seed[0] ^ 0x736f6d6570736575ULL, seed[1] ^ 0x646f72616e646f6dULL ^ salt, seed[0] ^ 0x6c7967656e657261ULL,
             seed[1] ^ 0x7465646279746573ULL} {}

    void feed(std::string_view text, bool fold_case = false) {
        for (char c : text) byte(static_cast<unsigned char>(fold_case ? sip::lower(c) : c));
        byte(0);
    }
    /// Eight octets at a time, for a single long text.
    void feed_block(std::string_view text) {
        total_ += text.size();
        while (text.size() >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data(), 8);
            compress(word);
            text.remove_prefix(8);
        }
        total_ -= text.size();
        for (char c : text) byte(static_cast<unsigned char>(c));
    }
    std::uint64_t finish() {
        compress(word_ | (total_ << 56));
        v_[2] ^= 0xff;
        for (int i = 0; i < 4; ++i) round();
        return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
    }

  private:
    void byte(std::uint64_t value) {
        word_ |= value << (8 * filled_);
        ++total_;
        if (++filled_ == 8) {
            compress(word_);
            word_ = 0;
            filled_ = 0;
        }
    }
    void compress(std::uint64_t word) {
        v_[3] ^= word;
        round();
        round();
        v_[0] ^= word;
    }
    void round() {
        v_[0] += v_[1];
        v_[1] = std::rotl(v_[1], 13) ^ v_[0];
        v_[0] = std::rotl(v_[0], 32);
        v_[2] += v_[3];
        v_[3] = std::rotl(v_[3], 16) ^ v_[2];
        v_[0] += v_[3];
        v_[3] = std::rotl(v_[3], 21) ^ v_[0];
        v_[2] += v_[1];
        v_[1] = std::rotl(v_[1], 17) ^ v_[2];
        v_[2] = std::rotl(v_[2], 32);
    }

    std::uint64_t v_[4];
    std::uint64_t word_ = 0;
    std::uint64_t total_ = 0;
    unsigned filled_ = 0;
};

template <class Feed>
Key make_key(const Seed& seed, Feed&& feed) {
    Hasher high(seed, 0x68);
    Hasher low(seed, 0x6c);
    feed(high);
    feed(low);
    return {high.finish(), low.finish()};
}

Key key_of(const Seed& seed, const sip::Message& request, std::string_view method) {
    const auto top = request.first(sip::HeaderId::via);
    const auto via = sip::Via::parse(top);
    const auto branch = via ? via->branch() : std::string_view{};
    return make_key(seed, [&](Hasher& hash) {
        hash.feed(method);
        if (branch.size() > magic_cookie.size() && sip::iequals(branch.substr(0, magic_cookie.size()), magic_cookie)) {
            hash.feed(branch);
            hash.feed(via->host, true);
            hash.feed(std::string_view(reinterpret_cast<const char*>(&via->port), sizeof via->port));
            return;
        }
        hash.feed(request.request_uri());
        hash.feed(request.call_id());
        hash.feed(request.from_tag());
        // The ACK and the CANCEL differ from their INVITE in the To tag and in the method of CSeq only.
        const auto number = request.cseq();
        hash.feed(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
        hash.feed(top);
    });
}

}  // namespace

std::uint64_t keyed_hash(const Seed& seed, std::string_view text) {
    Hasher hash(seed, 0);
    hash.feed_block(text);
    return hash.finish();
}

Key server_key(const Seed& seed, const sip::Message& request) {
    return key_of(seed, request, request.method() == sip::Method::ack ? "INVITE" : request.method_name());
}

Key cancelled_key(const Seed& seed, const sip::Message& cancel) {
    return key_of(seed, cancel, "INVITE");
}

Key client_key(const Seed& seed, std::string_view branch, std::string_view method) {
    return make_key(seed, [&](Hasher& hash) {
        hash.feed(branch);
        hash.feed(method);
    });
}

}  // namespace isthmus::transaction
