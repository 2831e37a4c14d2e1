// Which row of the failure table (T01..T25) a final response of the net leg is (internet-interworking.md section 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/sip/message.hpp"
#include "common/sip/option_tags.hpp"
#include "scscf/interworking/relaxation.hpp"

namespace isthmus::interworking {

/// The number is the row's.
enum class Row : std::uint8_t {
    none = 0,
    t01 = 1,
    t02,
    t03,
    t04,
    t05,
    t06,
    t07,
    t08,
    t09,
    t10,
    t11,
    t12,
    t13,
    t14,
    t15,
    t16,
    t17,
    t18,
    t19,
    t20,
    t21,
    t22,
    t23,
    t24,
    t25
};
/// "T01"; empty for none.
std::string row_name(Row row);

/// What of a final response the table looks at.
struct Failure {
    struct Note {
        int code = 0;
        std::string text;
    };
    int status = 0;
    sip::OptionTags unsupported;
    sip::OptionTags required;  ///< of a 421
    std::vector<Note> warnings;
    bool accepts_sdp = false;       ///< Accept lists application/sdp
    bool strength_unknown = false;  ///< its SDP says des strength unknown, or a precondition type we do not know

    static Failure of(const sip::Message& response);
};

struct Classified {
    Row row = Row::none;
    bool capability = false;  ///< a capability failure; else a real answer or a broken path
    std::string evidence;     ///< "420 Unsupported: precondition"
};

/// `sent` is what the failed attempt carried.
Classified classify(const Failure& failure, const Sent& sent);

/// Rows T12..T14: a PRACK or UPDATE in an early dialog was refused, or nothing came (408).
Classified classify_early(sip::Method method, int status);

/// The 403 cells of column STRICT: the capabilities among `insisted` (expanded) this failure shows missing.
sip::OptionTags missing_by_failure(const Classified& classified, const Sent& sent, const sip::OptionTags& insisted);
/// IW-CAP-04: precondition includes 100rel and update.
sip::OptionTags expand_required(const sip::OptionTags& required_caps);

}  // namespace isthmus::interworking
