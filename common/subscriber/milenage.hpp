// Milenage, the algorithm set of AKA (TS 35.206; cx.md section 9): f1 to f5*, OPc from OP. Pure. AES is OpenSSL's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace isthmus::subscriber::aka {

using Block = std::array<std::uint8_t, 16>;  ///< K, OP, OPc, RAND, CK, IK, AUTN
using Sqn = std::array<std::uint8_t, 6>;     ///< also AK
using Amf = std::array<std::uint8_t, 2>;
using Mac = std::array<std::uint8_t, 8>;  ///< also RES

/// One subscriber's functions.
class Milenage {
  public:
    Milenage(const Block& k, const Block& opc);
    ~Milenage();
    Milenage(const Milenage&) = delete;
    Milenage& operator=(const Milenage&) = delete;

    static Block opc_from_op(const Block& k, const Block& op);

    struct Macs {
        Mac a;  ///< f1
        Mac s;  ///< f1*
    };
    [[nodiscard]] Macs f1(const Block& rand, const Sqn& sqn, const Amf& amf) const;

    struct Keys {
        Mac res;   ///< f2
        Block ck;  ///< f3
        Block ik;  ///< f4
        Sqn ak;    ///< f5
    };
    [[nodiscard]] Keys f2345(const Block& rand) const;
    [[nodiscard]] Sqn f5_star(const Block& rand) const;

  private:
    class Aes;
    [[nodiscard]] Block temp(const Block& rand) const;
    /// OUT2 to OUT5: rotated by so many octets, the last one changed by `constant`.
    [[nodiscard]] Block out(const Block& temp, std::size_t rotation, std::uint8_t constant) const;

    std::unique_ptr<Aes> aes_;
    Block opc_;
};

}  // namespace isthmus::subscriber::aka
