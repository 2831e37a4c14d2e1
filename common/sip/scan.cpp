// The one scan: finds the start line, the fields and the body in received octets. It judges as little as it can;
// what it finds wrong is noted as flaws so that a 400 can still be routed by the Vias of the request.
#include "common/sip/message_impl.hpp"
#include "common/sip/text.hpp"

namespace isthmus::sip {
namespace {

struct Line {
    std::string_view text;  // without its line end
    std::string_view whole;
};

Line take_line(std::string_view octets, std::size_t at) {
    const auto newline = octets.find('\n', at);
    const auto end = newline == std::string_view::npos ? octets.size() : newline + 1;
    const auto whole = octets.substr(at, end - at);
    auto text = whole;
    if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    return {text, whole};
}

std::string_view until_space(std::string_view text) {
    return text.substr(0, text.find(' '));
}

}  // namespace

class Scan {
  public:
    explicit Scan(Message::Impl& impl) : impl_(impl), octets_(impl.wire) {}

    bool run() {
        while (at_ < octets_.size() && (octets_[at_] == '\r' || octets_[at_] == '\n')) ++at_;  // RFC 3261 7.5
        if (at_ >= octets_.size()) return false;
        const Line start = take_line(octets_, at_);
        at_ += start.whole.size();
        impl_.start_line = start.whole;
        if (start.text.substr(0, 4) == "SIP/")
            status_line(start.text);
        else
            request_line(start.text);
        fields();
        body();
        judge_octets(octets_.substr(0, at_));
        return !impl_.fields.empty();
    }

  private:
    void request_line(std::string_view line) {
        impl_.is_request = true;
        impl_.method_text = until_space(line);
        impl_.method = method(impl_.method_text);
        const auto last = line.rfind(' ');
        if (!is_token_text(impl_.method_text) || last == std::string_view::npos || last <= impl_.method_text.size()) {
            impl_.flaws |= flaw_start_line;
            return;
        }
        impl_.request_uri = line.substr(impl_.method_text.size() + 1, last - impl_.method_text.size() - 1);
        const auto version = line.substr(last + 1);
        if (version.empty() || impl_.request_uri.empty() ||
            impl_.request_uri.find_first_of(" \t<>\"") != std::string_view::npos)
            impl_.flaws |= flaw_start_line;
        if (!iequals(version, "SIP/2.0")) impl_.flaws |= flaw_version;
    }

    void status_line(std::string_view line) {
        if (!iequals(until_space(line), "SIP/2.0")) impl_.flaws |= flaw_version;
        const auto space = line.find(' ');
        const auto rest = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
        const auto code = to_number<int>(until_space(rest));
        if (!code || until_space(rest).size() != 3 || *code < 100 || *code > 699)
            impl_.flaws |= flaw_start_line;
        else
            impl_.status = *code;
        impl_.reason = rest.size() > 4 ? rest.substr(4) : std::string_view{};
    }

    void fields() {
        while (at_ < octets_.size()) {
            const Line line = take_line(octets_, at_);
            if (line.text.empty()) {
                at_ += line.whole.size();
                terminated_ = true;
                return;
            }
            const std::size_t begin = at_;
            at_ += line.whole.size();
            bool folded = false;
            while (at_ < octets_.size() && (octets_[at_] == ' ' || octets_[at_] == '\t')) {  // a folded line
                at_ += take_line(octets_, at_).whole.size();
                folded = true;
            }
            field(octets_.substr(begin, at_ - begin), folded);
        }
        impl_.flaws |= flaw_unterminated;
    }

    void field(std::string_view whole, bool folded) {
        const auto colon = whole.find(':');
        auto name = whole.substr(0, colon);
        while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
        Field made;
        made.line = whole;
        made.name = name;
        if (colon == std::string_view::npos || !is_token_text(name)) {
            impl_.flaws |= flaw_field_line;
        } else {
            made.id = header_id(name);
            made.value = trim(whole.substr(colon + 1));
            made.folded = folded;
        }
        impl_.fields.push_back(made);
        if (folded) impl_.unfold(impl_.fields.back());
    }

    /// A NUL would end a value for C code, a CR without LF would end a line for some readers and not for others.
    void judge_octets(std::string_view head) {
        if (head.find('\0') != std::string_view::npos && has_bare_nul(head)) impl_.flaws |= flaw_nul;
        for (auto cr = head.find('\r'); cr != std::string_view::npos; cr = head.find('\r', cr + 1))
            if (cr + 1 >= head.size() || head[cr + 1] != '\n') impl_.flaws |= flaw_field_line;
    }

    /// RFC 3261 25.1: within quotes even a NUL may stand behind a backslash (RFC 4475 3.1.1.2). Nobody parses such
    /// text.
    static bool has_bare_nul(std::string_view head) {
        bool quoted = false;
        for (std::size_t i = 0; i < head.size(); ++i) {
            if (head[i] == '\0') return true;
            if (head[i] == '\n') quoted = false;
            if (head[i] == '"') quoted = !quoted;
            if (quoted && head[i] == '\\') ++i;
        }
        return false;
    }

    void body() {
        impl_.body = octets_.substr(at_);
        const Field* length = impl_.find(HeaderId::content_length);
        if (length == nullptr) return;
        const auto octets = to_number<std::size_t>(length->value);
        if (!octets || *octets > impl_.body.size())
            impl_.flaws |= flaw_content_length;
        else
            impl_.body = impl_.body.substr(0, *octets);  // RFC 3261 18.3: what follows in a datagram is discarded
    }

    Message::Impl& impl_;
    std::string_view octets_;
    std::size_t at_ = 0;
    bool terminated_ = false;
};

Message::Parsed Message::from_wire(std::string octets) {
    auto impl = std::make_unique<Impl>();
    impl->wire = std::move(octets);
    if (!Scan(*impl).run()) return Malformed{0, "no header field in it"};
    return Message(std::move(impl));
}

void Message::Impl::unfold(Field& field) {
    auto* place = static_cast<char*>(arena.allocate(field.value.size() + 1, 1));
    std::size_t size = 0;
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        if (field.value[i] != '\r' && field.value[i] != '\n') {
            place[size++] = field.value[i];
            continue;
        }
        while (i + 1 < field.value.size() && is_space(field.value[i + 1])) ++i;
        while (size > 0 && (place[size - 1] == ' ' || place[size - 1] == '\t')) --size;
        place[size++] = ' ';
    }
    field.value = {place, size};
}

std::string_view Message::Impl::text_of(const Field& field) const {
    return field.value;
}

std::uint16_t flaws_of(const Message& message) {
    return message.impl_->flaws;
}

}  // namespace isthmus::sip
