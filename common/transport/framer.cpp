#include "common/transport/framer.hpp"

#include <algorithm>
#include <utility>

#include "common/sip/header_id.hpp"
#include "common/sip/text.hpp"

namespace isthmus::transport {
namespace {

/// The first Content-Length of the head; what is wrong with a second one is for the check at the door.
std::optional<std::string_view> content_length(std::string_view head) {
    std::size_t at = head.find('\n');
    while (at != std::string_view::npos && at + 1 < head.size()) {
        const auto end = std::min(head.find('\n', at + 1), head.size());
        const auto line = head.substr(at + 1, end - at - 1);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos &&
            sip::header_id(sip::trim(line.substr(0, colon))) == sip::HeaderId::content_length)
            return sip::trim(line.substr(colon + 1));
        at = end < head.size() ? end : std::string_view::npos;
    }
    return std::nullopt;
}

}  // namespace

void Framer::feed(std::string_view octets) {
    if (fault_ == Fault::none) buffer_.append(octets);
}

bool Framer::skip_line_ends() {
    while (start_ < buffer_.size() && (buffer_[start_] == '\r' || buffer_[start_] == '\n')) {
        ++start_;
        ++line_ends_;
        if (awaiting_pong_ && line_ends_ == 2) {
            awaiting_pong_ = false;
            line_ends_ = 0;
        } else if (line_ends_ == 4) {
            ping_ = true;
            line_ends_ = 0;
        }
    }
    scanned_ = std::max(scanned_, start_);
    if (start_ == buffer_.size()) return false;
    line_ends_ = 0;
    return true;
}

/// True when the head is there and the message's size is known; it is looked for and read once only, however slowly
/// the body comes.
bool Framer::read_head() {
    if (whole_ != 0) return true;
    const auto from = scanned_ > start_ + 3 ? scanned_ - 3 : start_;
    const auto empty_line = buffer_.find("\r\n\r\n", from);
    if (empty_line == std::string::npos) {
        scanned_ = buffer_.size();
        if (buffer_.size() - start_ > limits_.head) fault_ = Fault::head_too_large;
        return false;
    }
    const auto head_size = empty_line + 4 - start_;
    if (head_size > limits_.head) {
        fault_ = Fault::head_too_large;
        return false;
    }
    const auto text = content_length(std::string_view(buffer_).substr(start_, head_size - 2));
    const auto body = text ? sip::to_number<std::size_t>(*text) : std::nullopt;
    if (!text)
        fault_ = Fault::no_content_length;  // RFC 3261 20.14: mandatory on a stream
    else if (!body)
        fault_ = Fault::bad_content_length;
    else if (*body > limits_.body)
        fault_ = Fault::body_too_large;
    else
        whole_ = head_size + *body;
    return whole_ != 0;
}

std::optional<std::string> Framer::next() {
    if (fault_ != Fault::none || !skip_line_ends() || !read_head() || buffer_.size() - start_ < whole_) {
        compact();
        return std::nullopt;
    }
    std::string message = buffer_.substr(start_, whole_);
    start_ += std::exchange(whole_, 0);
    scanned_ = start_;
    return message;
}

void Framer::compact() {
    if (start_ == 0) return;
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
}

bool Framer::take_ping() {
    return std::exchange(ping_, false);
}

}  // namespace isthmus::transport
