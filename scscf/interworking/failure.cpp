#include "scscf/interworking/failure.hpp"

#include <algorithm>
#include <array>

#include "common/sip/headers.hpp"
#include "common/sip/lexis.hpp"
#include "common/sip/precondition.hpp"
#include "common/sip/sdp_body.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;

const sip::OptionTags& qos_tags() {
    static const sip::OptionTags tags{"precondition", "100rel"};
    return tags;
}

bool contains_word(std::string_view text, std::string_view word) {
    for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
        if (!sip::iequals(text.substr(at, word.size()), word)) continue;
        const bool starts = at == 0 || !sip::is_alnum(text[at - 1]);
        const bool ends = at + word.size() == text.size() || !sip::is_alnum(text[at + word.size()]);
        if (starts && ends) return true;
    }
    return false;
}

/// T08. Whole words, or "destination" and "current" would pass for attributes.
bool speaks_of_preconditions(const Failure::Note& note) {
    if (note.code != 306 && note.code != 307 && note.code != 399) return false;
    constexpr std::array<std::string_view, 4> words{"qos", "curr", "des", "conf"};
    return sip::icontains(note.text, "precondition") ||
           std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return contains_word(note.text, word); });
}

/// T09: the media themselves do not fit.
bool is_media_mismatch(const Failure::Note& note) {
    return (note.code >= 300 && note.code <= 305) || note.code == 330 || note.code == 331 || note.code == 370;
}

std::string warning_text(const Failure::Note& note) {
    return std::to_string(note.code) + " \"" + note.text + '"';
}

Classified classify_bad_extension(const Failure& failure, const Sent& sent) {
    if (failure.unsupported.empty()) return {Row::t05, true, "420 without Unsupported"};
    std::string evidence = "420 Unsupported: " + failure.unsupported.print();
    if ((failure.unsupported & sent.tags.demanded()).empty()) {
        return {Row::t06, true, evidence + ", which was not demanded"};
    }
    const bool precondition = failure.unsupported.contains("precondition");
    const bool reliable = failure.unsupported.contains("100rel");
    const bool one_demanded = !(failure.unsupported & sent.tags.demanded() & qos_tags()).empty();
    if (!one_demanded) return {Row::t04, true, std::move(evidence)};
    if (precondition && reliable) return {Row::t03, true, std::move(evidence)};
    return {precondition ? Row::t01 : Row::t02, true, std::move(evidence)};
}

Classified classify_not_acceptable(const Failure& failure, const Sent& sent) {
    const std::string status = std::to_string(failure.status);
    for (const auto& note : failure.warnings) {
        if (is_media_mismatch(note)) return {Row::t09, false, status + " Warning " + warning_text(note)};
    }
    for (const auto& note : failure.warnings) {
        if (speaks_of_preconditions(note)) return {Row::t08, true, status + " Warning " + warning_text(note)};
    }
    if (!failure.warnings.empty()) {
        return {Row::t25, false, status + " Warning " + warning_text(failure.warnings.front())};
    }
    // Without qos lines in the offer they cannot be what was refused.
    return {Row::t10, sent.qos_lines, status + " without Warning" + (sent.qos_lines ? ", qos lines were offered" : "")};
}

Row row_by_status(int status) {
    if (status < 400) return Row::t22;
    switch (status) {
        case 400:
            return Row::t15;
        case 401:
        case 407:
            return Row::t20;
        case 415:
            return Row::t17;
        case 416:
            return Row::t18;
        case 422:
            return Row::t19;
        case 482:
        case 483:
            return Row::t21;
        case 503:
            return Row::t23;
        case 500:
        case 501:
        case 505:
        case 513:
            return Row::t24;
        default:
            return Row::t25;
    }
}

}  // namespace

std::string row_name(Row row) {
    if (row == Row::none) return {};
    const auto number = static_cast<int>(row);
    return (number < 10 ? "T0" : "T") + std::to_string(number);
}

Failure Failure::of(const sip::Message& response) {
    Failure failure;
    failure.status = response.status();
    failure.unsupported = sip::OptionTags::of(response, HeaderId::unsupported);
    failure.required = sip::OptionTags::of(response, HeaderId::require);
    const auto accepted = response.values(HeaderId::accept);
    failure.accepts_sdp = std::any_of(accepted.begin(), accepted.end(), [](std::string_view type) {
        return sip::iequals(type.substr(0, type.find(';')), "application/sdp");
    });
    for (const auto value : response.values(HeaderId::warning)) {
        if (auto warning = sip::Warning::parse(value)) {
            failure.warnings.push_back({warning->code, std::move(warning->text)});
        }
    }
    if (const auto found = sip::sdp_of(response)) {
        const auto streams = sip::qos::streams(found->sdp);
        failure.strength_unknown = std::any_of(streams.begin(), streams.end(), [](const sip::qos::Stream& stream) {
            return stream.has_strength(sip::qos::Strength::unknown);
        });
    }
    return failure;
}

Classified classify(const Failure& failure, const Sent& sent) {
    const std::string status = std::to_string(failure.status);
    switch (failure.status) {
        case 420:
            return classify_bad_extension(failure, sent);
        case 421:
            return {Row::t07, true, "421 Require: " + failure.required.print()};
        case 488:
        case 606:
            return classify_not_acceptable(failure, sent);
        case 580:
            return {Row::t11, true, failure.strength_unknown ? "580 with strength unknown" : status};
        default:
            return {row_by_status(failure.status), false, status};
    }
}

Classified classify_early(sip::Method method, int status) {
    const bool prack = method == sip::Method::prack;
    std::string evidence = std::to_string(status) + " to " + std::string(sip::method_name(method));
    if (!prack && method != sip::Method::update) return {Row::none, false, std::move(evidence)};
    if (status == 408) return {Row::t14, true, "no response to " + std::string(sip::method_name(method))};
    if (status == 405 || status == 501) return {prack ? Row::t13 : Row::t12, true, std::move(evidence)};
    if (prack && (status == 400 || status == 481)) return {Row::t13, true, std::move(evidence)};
    return {Row::t25, false, std::move(evidence)};
}

sip::OptionTags expand_required(const sip::OptionTags& required_caps) {
    if (!required_caps.contains("precondition")) return required_caps;
    return required_caps | sip::OptionTags{"100rel", "update"};
}

sip::OptionTags missing_by_failure(const Classified& classified, const Sent& sent, const sip::OptionTags& insisted) {
    switch (classified.row) {
        case Row::t01:
        case Row::t08:
            return insisted & sip::OptionTags{"precondition"};
        case Row::t02:
            return insisted & sip::OptionTags{"100rel"};
        case Row::t03:
            return insisted & qos_tags();
        case Row::t05:
            return insisted & sent.tags.demanded();
        default:
            return {};
    }
}

}  // namespace isthmus::interworking
