// One request on its way through the I-CSCF: the directory is asked, the S-CSCF it names, and another one when that
// does not serve (IR-REG-03..07, IC-SES-03..05). It performs what ScscfSearch decides.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "common/runtime/forwarding.hpp"
#include "icscf/pipeline.hpp"
#include "icscf/scscf_search.hpp"

namespace isthmus::icscf {

/// IC-SES-06
void add_charging(runtime::Core& core, sip::Message& request);

class Exchange final : public runtime::ForwardUser, public std::enable_shared_from_this<Exchange> {
  public:
    using Transaction = std::shared_ptr<runtime::ServerTransaction>;
    using Query = std::variant<subscriber::UserAuthorization, subscriber::LocationQuery>;

    static void start(runtime::Core& core, Shared& shared, const Transaction& transaction, Query query,
                      std::uint64_t loop);
    Exchange(runtime::Core& core, Shared& shared, Transaction transaction, Query query, std::uint64_t loop);

    // ForwardUser
    void on_response(sip::Message& response, std::uint16_t branch) override;
    bool takes_back(const sip::Message* response, const runtime::Undelivered& why) override;

  private:
    using Heard = void (Exchange::*)(const subscriber::ServerAnswer&);
    void ask_directory(Heard heard);
    void first_answer(const subscriber::ServerAnswer& answer);
    void second_answer(const subscriber::ServerAnswer& answer);
    /// True when the directory's answer ends the request.
    bool refused(const subscriber::ServerAnswer& answer);
    [[nodiscard]] subscriber::ServerAnswer remembered(subscriber::ServerAnswer answer);
    void perform(const NextStep& step);
    void ask(const std::string& server);
    [[nodiscard]] sip::Message request_for(const std::string& server) const;
    void note_registered(const sip::Message& response);
    template <class Use>
    NextStep choosing(Use use);

    [[nodiscard]] bool is_register() const { return std::holds_alternative<subscriber::UserAuthorization>(query_); }
    [[nodiscard]] const std::string& identity() const;

    runtime::Core& core_;
    Shared& shared_;
    Transaction transaction_;
    Query query_;
    std::uint64_t loop_;
    ScscfSearch search_;
    std::string server_;       // the one that is asked
    const char* result_ = "";  // of the directory, for the trace
};

}  // namespace isthmus::icscf
