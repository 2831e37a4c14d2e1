#include "common/runtime/refusal.hpp"

namespace isthmus::runtime {

using sip::HeaderId;

namespace {

std::string warning_of(const Core& core, std::string_view text) {
    return "399 " + core.node().name + " \"" + std::string(text) + "\"";
}

}  // namespace

void refuse(ServerTransaction& transaction, const proxy::Refusal& refusal) {
    transaction.reply(refusal.status, refusal.status == 420 ? "IW-CAP-06" : "DG-SES-06", [&](sip::Message& response) {
        if (!refusal.unsupported.empty()) response.append(HeaderId::unsupported, refusal.unsupported);
    });
}

void refuse(ServerTransaction& transaction, int status, std::string_view warning, std::string_view decision) {
    transaction.reply(status, decision, [&](sip::Message& response) {
        if (!warning.empty()) response.append(HeaderId::warning, warning_of(transaction.core(), warning));
    });
}

void refuse(ServerTransaction& transaction, const subscriber::SipEffect& effect, subscriber::Result result) {
    const auto decision = "CX-20 directory says " + std::string(subscriber::name(result));
    transaction.reply(effect.status, decision, [&](sip::Message& response) {
        if (!effect.with_unavailable_warning) return;
        // SR-REG-60: spread over 5..30 s, or all phones come back at once.
        response.append(HeaderId::retry_after, std::to_string(5 + transaction.core().outside().random() % 26));
        response.append(HeaderId::warning, warning_of(transaction.core(), subscriber::subscriber_data_unavailable));
    });
}

}  // namespace isthmus::runtime
