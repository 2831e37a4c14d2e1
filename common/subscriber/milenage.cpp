#include "common/subscriber/milenage.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace isthmus::subscriber::aka {
namespace {

Block operator^(Block left, const Block& right) {
    for (std::size_t i = 0; i < left.size(); ++i) left.at(i) ^= right.at(i);
    return left;
}

/// Cyclic, towards the most significant octet.
Block rotated(const Block& block, std::size_t octets) {
    Block result;
    std::rotate_copy(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(octets), block.end(), result.begin());
    return result;
}

template <class Part>
Part part_of(const Block& block, std::size_t from) {
    Part part;
    std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(from), part.size(), part.begin());
    return part;
}

}  // namespace

/// E_K: AES-128 on single blocks.
class Milenage::Aes {
  public:
    explicit Aes(const Block& k) : context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
        if (!context_ || EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ecb(), nullptr, k.data(), nullptr) != 1 ||
            EVP_CIPHER_CTX_set_padding(context_.get(), 0) != 1)
            throw std::runtime_error("OpenSSL offers no AES-128");
    }
    [[nodiscard]] Block encrypt(const Block& block) const {
        Block result;
        int length = 0;
        if (EVP_EncryptUpdate(context_.get(), result.data(), &length, block.data(), static_cast<int>(block.size())) !=
                1 ||
            length != static_cast<int>(result.size()))
            throw std::runtime_error("OpenSSL failed to encrypt a block");
        return result;
    }

  private:
    std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_;
};

Milenage::Milenage(const Block& k, const Block& opc) : aes_(std::make_unique<Aes>(k)), opc_(opc) {}

Milenage::~Milenage() {
    OPENSSL_cleanse(opc_.data(), opc_.size());
}

Block Milenage::temp(const Block& rand) const {
    return aes_->encrypt(rand ^ opc_);
}

Block Milenage::out(const Block& temp, std::size_t rotation, std::uint8_t constant) const {
    auto input = rotated(temp ^ opc_, rotation);
    input.back() ^= constant;
    return aes_->encrypt(input) ^ opc_;
}

Milenage::Macs Milenage::f1(const Block& rand, const Sqn& sqn, const Amf& amf) const {
    Block in1;
    for (const std::size_t half : {0U, 8U}) {
        std::copy(sqn.begin(), sqn.end(), in1.begin() + static_cast<std::ptrdiff_t>(half));
        std::copy(amf.begin(), amf.end(), in1.begin() + static_cast<std::ptrdiff_t>(half + sqn.size()));
    }
    const auto out1 = aes_->encrypt(temp(rand) ^ rotated(in1 ^ opc_, 8)) ^ opc_;
    return {part_of<Mac>(out1, 0), part_of<Mac>(out1, 8)};
}

Milenage::Keys Milenage::f2345(const Block& rand) const {
    const auto common = temp(rand);
    const auto out2 = out(common, 0, 1);
    return {part_of<Mac>(out2, 8), out(common, 4, 2), out(common, 8, 4), part_of<Sqn>(out2, 0)};
}

Sqn Milenage::f5_star(const Block& rand) const {
    return part_of<Sqn>(out(temp(rand), 12, 8), 0);
}

Block Milenage::opc_from_op(const Block& k, const Block& op) {
    return Aes(k).encrypt(op) ^ op;
}

}  // namespace isthmus::subscriber::aka
