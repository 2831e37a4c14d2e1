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

/// T04: whoever demands these would get another service without them.
const sip::OptionTags& never_dropped() {
    static const sip::OptionTags tags{"replaces", "resource-priority", "sec-agree"};
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

/// Rows T01..T04: what is named is no longer demanded; one demand that may not go ends it.
std::optional<Relaxation> after_refused_demand(const Classified& classified, const Failure& failure, const Sent& sent,
                                               const Relaxation& current) {
    const auto named = failure.unsupported & sent.tags.demanded();
    // A demand on proxies is not ours to lift: it protects the user (IW-POL-06).
    if (!(named & (never_dropped() | sent.tags.proxy_require)).empty()) return std::nullopt;
    Relaxation base = current;
    base.moved = current.moved | (named - qos_tags());  // T04
    const bool fresh = current.level == Level::as_received;
    switch (classified.row) {
        case Row::t01:
            return fresh ? base.optional() : base.without(sip::OptionTags{"precondition"});
        case Row::t02:
            // precondition needs 100rel: where it was demanded, both go
            if (sent.tags.require.contains("precondition")) return base.without(qos_tags());
            if (!fresh) return base.without(sip::OptionTags{"100rel"});
            base.level = Level::optional;
            base.moved = base.moved | sip::OptionTags{"100rel"};
            return base;
        case Row::t03:
            return base.without(qos_tags());
        default:
            return base;
    }
}

/// IW-ENG-01 (2): at least one level on.
std::optional<Relaxation> at_least(Level wanted, const Relaxation& current) {
    const auto next = static_cast<Level>(std::min(static_cast<int>(current.level) + 1, 3));
    if (current.level == Level::plain) return std::nullopt;
    switch (std::max(wanted, next)) {
        case Level::optional:
            return current.optional();
        case Level::without:
            return current.without(qos_tags());
        default:
            return current.plain();
    }
}

std::optional<Relaxation> by_row(const Classified& classified, const Failure& failure, const Sent& sent,
                                 const Relaxation& current) {
    const bool high = current.level <= Level::optional;  // L0 or L1
    switch (classified.row) {
        case Row::t01:
        case Row::t02:
        case Row::t03:
        case Row::t04:
            return after_refused_demand(classified, failure, sent, current);
        case Row::t06: {
            const auto tags = (failure.unsupported & sent.tags.supported) - never_dropped();
            if (tags.empty() || !high) return std::nullopt;
            return current.without(tags);
        }
        case Row::t05:
        case Row::t08:
            return at_least(Level::without, current);
        case Row::t10:
            if (!high || !sent.qos_lines) return std::nullopt;
            return current.without(qos_tags());
        case Row::t11:
            return at_least(failure.strength_unknown ? Level::optional : Level::without, current);
        default:
            return std::nullopt;
    }
}

bool equal(const Sent& a, const Sent& b) {
    return a.tags.require == b.tags.require && a.tags.proxy_require == b.tags.proxy_require &&
           a.tags.supported == b.tags.supported && a.qos_lines == b.qos_lines &&
           a.strengths_weakened == b.strengths_weakened;
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

std::optional<Relaxation> next_relaxation(const Classified& classified, const Failure& failure, const Offer& offer,
                                          const Relaxation& current) {
    const auto sent = Sent::of(offer, current);
    auto next = by_row(classified, failure, sent, current);
    if (next && next->level != Level::plain && equal(Sent::of(offer, *next), sent)) return std::nullopt;
    return next;
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
