// The scan is the one parser we own. Sofia's full parse is its judge: wherever both accept a message they must have
// seen the same in it.
#include <gtest/gtest.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/su_alloc.h>

#include "common/sip/lexis.hpp"
#include "common/sip/message.hpp"
#include "common/sip/uri.hpp"
#include "common/sip/validity.hpp"
#include "common/sip/via.hpp"
#include "tests/support/mutation.hpp"

namespace isthmus::sip {
namespace {

class Judge {
  public:
    explicit Judge(const std::string& octets)
        : message_(
              msg_make(sip_default_mclass(), MSG_DO_EXTRACT_COPY, octets.data(), static_cast<ssize_t>(octets.size()))),
          sip_(message_ != nullptr ? sip_object(message_) : nullptr) {}
    ~Judge() {
        if (message_ != nullptr) msg_destroy(message_);
    }
    Judge(const Judge&) = delete;
    Judge& operator=(const Judge&) = delete;

    [[nodiscard]] bool accepts() const {
        return sip_ != nullptr && sip_->sip_error == nullptr && sip_->sip_via != nullptr && sip_->sip_from != nullptr &&
               sip_->sip_to != nullptr && sip_->sip_call_id != nullptr && sip_->sip_cseq != nullptr &&
               (sip_->sip_request != nullptr || sip_->sip_status != nullptr);
    }
    const sip_t* operator->() const { return sip_; }

  private:
    msg_t* message_;
    sip_t* sip_;
};

std::string text(const char* value) {
    return value != nullptr ? value : "";
}

template <class Header>
std::size_t length(const Header* header, Header* Header::*next) {
    std::size_t count = 0;
    for (; header != nullptr; header = header->*next) ++count;
    return count;
}

void compare(const Message& ours, const Judge& theirs) {
    if (theirs->sip_request != nullptr) {
        ASSERT_TRUE(ours.is_request());
        EXPECT_EQ(ours.method_name(), text(theirs->sip_request->rq_method_name));
    } else {
        ASSERT_FALSE(ours.is_request());
        EXPECT_EQ(ours.status(), theirs->sip_status->st_status);
    }
    EXPECT_EQ(ours.call_id(), text(theirs->sip_call_id->i_id));
    EXPECT_EQ(ours.cseq(), theirs->sip_cseq->cs_seq);
    EXPECT_EQ(ours.cseq_method(), text(theirs->sip_cseq->cs_method_name));
    EXPECT_EQ(ours.from_tag(), text(theirs->sip_from->a_tag));
    EXPECT_EQ(ours.to_tag(), text(theirs->sip_to->a_tag));
    EXPECT_EQ(ours.branch(), text(theirs->sip_via->v_branch));
    const auto vias = ours.values(HeaderId::via);
    EXPECT_EQ(vias.size(), length(theirs->sip_via, &sip_via_t::v_next));
    const auto via = Via::parse(ours.first(HeaderId::via));
    ASSERT_TRUE(via);
    EXPECT_EQ(via->host, text(theirs->sip_via->v_host));
    EXPECT_EQ(ours.values(HeaderId::route).size(), length(theirs->sip_route, &sip_route_t::r_next));
    EXPECT_EQ(ours.values(HeaderId::record_route).size(),
              length(theirs->sip_record_route, &sip_record_route_t::r_next));
    EXPECT_EQ(ours.values(HeaderId::contact).size(), length(theirs->sip_contact, &sip_contact_t::m_next));
    const auto from = NameAddr::parse(ours.value(HeaderId::from));
    ASSERT_TRUE(from);
    EXPECT_TRUE(iequals(from->uri.scheme_name, text(theirs->sip_from->a_url->url_scheme)));
    if (from->uri.is_sip()) {  // we do not look into others
        EXPECT_EQ(from->uri.user,
                  text(theirs->sip_from->a_url->url_user != nullptr ? theirs->sip_from->a_url->url_user : ""));
    }
}

/// True when both accepted it, and so something was compared.
bool agree(const std::string& octets) {
    auto scanned = Message::from_wire(octets);
    if (!scanned) return false;
    const auto untouched = scanned->print();
    if (check(*scanned)) return false;
    // Whatever is accepted can be printed and read again, and says the same.
    auto again = Message::from_wire(untouched);
    EXPECT_TRUE(again.has_value());
    if (again) {
        EXPECT_EQ(again->print(), untouched);
    }
    const Judge judge(octets);
    if (!judge.accepts()) return false;
    compare(*scanned, judge);
    return true;
}

TEST(Scan, agrees_with_Sofia_on_the_RFC4475_corpus) {
    int compared = 0;
    for (const auto& [name, octets] : support::torture_corpus()) {
        SCOPED_TRACE(name);
        compared += agree(octets) ? 1 : 0;
    }
    EXPECT_GE(compared, 15) << "of 49 messages about half are good; fewer means that nothing was compared";
}

TEST(Scan, agrees_with_Sofia_on_100000_seeded_mutations) {
    const auto corpus = support::torture_corpus();
    support::Mutator mutator(20261121);
    int compared = 0;
    for (int i = 0; i < 100'000 && !testing::Test::HasFailure(); ++i) {
        const auto octets = mutator.mutate(corpus[mutator.below(corpus.size())].second);
        SCOPED_TRACE("mutation " + std::to_string(i) + ":\n" + octets);
        compared += agree(octets) ? 1 : 0;
    }
    EXPECT_GE(compared, 5'000) << "most mutations are refused by one or the other; too few were left to compare";
}

}  // namespace
}  // namespace isthmus::sip
