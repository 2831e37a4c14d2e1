// Whom the I-CSCF asks for one request, and whom when that S-CSCF does not serve (IR-REG-04, IR-REG-06, IR-REG-07,
// IR-REG-12, IC-SES-05). Pure: answers of the directory and failures in, the next step out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "common/sip/message.hpp"
#include "common/subscriber/directory.hpp"

namespace isthmus::icscf {

struct AskServer {
    std::string server;
};
/// UAR or LIR of type REGISTRATION_AND_CAPABILITIES: `failed` did not answer, another may take over (CX-38).
struct AskDirectory {
    std::string failed;
};
struct GiveUp {
    int status = 504;
    std::string warning;
    std::string rule;
};
using NextStep = std::variant<AskServer, AskDirectory, GiveUp>;

/// What there is to choose from at this moment.
struct Choice {
    const std::vector<subscriber::ServerEntry>& servers;
    std::function<bool(const std::string&)> silent;  ///< did not answer of late: comes last (IR-REG-12)
    std::uint64_t draw = 0;                          ///< a random number
};

class ScscfSearch {
  public:
    /// `may_move`: another S-CSCF may be asked when the assigned one does not serve.
    explicit ScscfSearch(bool may_move) : may_move_(may_move) {}

    /// The directory's first answer; it allowed the request.
    NextStep begin(const subscriber::ServerAnswer& answer, const Choice& choice);
    /// The one that was asked does not serve.
    NextStep failed(const Choice& choice);
    /// The directory's answer to AskDirectory.
    NextStep again(const subscriber::ServerAnswer& answer, const Choice& choice);

    static constexpr std::size_t most = 3;

  private:
    NextStep ask(std::string server);
    NextStep choose(const Choice& choice);
    [[nodiscard]] bool tried(const std::string& server) const;

    bool may_move_;
    bool asked_again_ = false;
    std::vector<std::string> tried_;
    subscriber::ServerCapabilities wanted_;
};

/// The S-CSCF's answer says that another one should serve: to REGISTER any 3xx and 480, to other requests only 480 of
/// one that drains (ER-REG-18).
bool declines(const sip::Message& response);

/// What may be moved where `restoration` is off: a REGISTER that has to be authenticated anyway (IR-REG-06).
bool starts_over(const sip::Message& request);

}  // namespace isthmus::icscf
