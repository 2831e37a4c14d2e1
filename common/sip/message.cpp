#include "common/sip/message.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "common/sip/message_impl.hpp"
#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::sip {
namespace {

constexpr std::array<std::string_view, 14> method_names = {"INVITE",    "ACK",    "CANCEL",  "BYE",  "REGISTER",
                                                           "OPTIONS",   "PRACK",  "UPDATE",  "INFO", "MESSAGE",
                                                           "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER"};

/// What stands behind a name-addr or addr-spec: its parameters, without the first semicolon.
std::string_view params_of(std::string_view value) {
    const auto semicolon = find_outside(value, ';');
    return semicolon == std::string_view::npos ? std::string_view{} : value.substr(semicolon + 1);
}

std::string_view tag_of(std::string_view value) {
    return find_param(params_of(value), "tag").value_or(std::string_view{});
}

}  // namespace

Method method(std::string_view name) {
    for (std::size_t i = 0; i < method_names.size(); ++i)
        if (method_names[i] == name) return static_cast<Method>(i);
    return Method::other;
}

std::string_view method_name(Method method) {
    const auto i = static_cast<std::size_t>(method);
    return i < method_names.size() ? method_names[i] : std::string_view{};
}

void throw_exception_from_error(const Malformed& malformed, const boost::source_location&) {
    throw std::logic_error(malformed.detail);
}

Message::Message(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Message::Message(Message&&) noexcept = default;
Message& Message::operator=(Message&&) noexcept = default;
Message::~Message() = default;

Message Message::request(std::string_view method_text, std::string_view request_uri) {
    auto impl = std::make_unique<Impl>();
    impl->is_request = true;
    impl->method_text = impl->keep(method_text);
    impl->method = sip::method(method_text);
    impl->request_uri = impl->keep(request_uri);
    return Message(std::move(impl));
}

Message Message::response(const Message& to, int status, std::string_view reason, std::string_view to_tag) {
    auto impl = std::make_unique<Impl>();
    impl->status = status;
    impl->reason = impl->keep(reason);
    impl->method = to.method();
    Message made(std::move(impl));
    for (const Field& field : to.impl_->fields) {
        switch (field.id) {
            case HeaderId::via:
            case HeaderId::from:
            case HeaderId::call_id:
            case HeaderId::cseq:
                made.append(field.id, to.impl_->text_of(field));
                break;
            case HeaderId::to: {
                const auto value = to.impl_->text_of(field);
                if (to_tag.empty() || !tag_of(value).empty())
                    made.append(HeaderId::to, value);
                else
                    made.append(HeaderId::to, std::string(value) + ";tag=" + std::string(to_tag));
                break;
            }
            case HeaderId::timestamp:
                if (status == 100) made.append(field.id, to.impl_->text_of(field));
                break;
            default:
                break;
        }
    }
    return made;
}

Message Message::copy() const {
    const Impl& from = *impl_;
    auto impl = std::make_unique<Impl>();
    Impl& to = *impl;
    to.wire = from.wire;
    // A view into the octets moves with them, edited text is kept anew, names of the table stay where they are.
    const auto moved = [&from, &to](std::string_view text) {
        const auto offset = from.place_in_wire(text);
        return offset ? std::string_view(to.wire).substr(*offset, text.size()) : to.keep(text);
    };
    to.start_line = moved(from.start_line);
    to.is_request = from.is_request;
    to.method = from.method;
    to.method_text = moved(from.method_text);
    to.request_uri = moved(from.request_uri);
    to.status = from.status;
    to.reason = moved(from.reason);
    to.body = moved(from.body);
    to.flaws = from.flaws;
    to.fields.reserve(from.fields.size());
    for (const Field& field : from.fields) {
        Field again = field;
        again.line = moved(field.line);
        if (field.id == HeaderId::other || from.place_in_wire(field.name)) again.name = moved(field.name);
        again.value = moved(field.value);
        to.fields.push_back(again);
    }
    return Message(std::move(impl));
}

bool Message::is_request() const {
    return impl_->is_request;
}
Method Message::method() const {
    return impl_->is_request ? impl_->method : sip::method(cseq_method());
}
std::string_view Message::method_name() const {
    return impl_->is_request ? impl_->method_text : cseq_method();
}
std::string_view Message::request_uri() const {
    return impl_->request_uri;
}
int Message::status() const {
    return impl_->status;
}
std::string_view Message::reason() const {
    return impl_->reason;
}

bool Message::has(HeaderId id) const {
    return impl_->find(id) != nullptr;
}

std::size_t Message::count(HeaderId id) const {
    return static_cast<std::size_t>(
        std::count_if(impl_->fields.begin(), impl_->fields.end(), [id](const Field& field) { return field.id == id; }));
}

std::string_view Message::value(HeaderId id) const {
    const Field* field = impl_->find(id);
    return field != nullptr ? impl_->text_of(*field) : std::string_view{};
}

std::string_view Message::value(std::string_view name) const {
    const HeaderId id = header_id(name);
    if (id != HeaderId::other) return value(id);
    for (const Field& field : impl_->fields)
        if (field.id == HeaderId::other && iequals(field.name, name)) return impl_->text_of(field);
    return {};
}

Values Message::values(HeaderId id) const {
    Values all;
    for (const Field& field : impl_->fields) {
        if (field.id != id) continue;
        const auto text = impl_->text_of(field);
        if (header_form(id) != HeaderForm::list) {
            all.push_back(text);
        } else {
            const auto parts = split_list(text);
            all.insert(all.end(), parts.begin(), parts.end());
        }
    }
    return all;
}

std::string_view Message::first(HeaderId id) const {
    const Field* field = impl_->find(id);
    if (field == nullptr) return {};
    const auto text = impl_->text_of(*field);
    return trim(text.substr(0, find_outside(text, ',')));
}

void Message::each_field(const std::function<void(HeaderId, std::string_view, std::string_view)>& visit) const {
    for (const Field& field : impl_->fields) visit(field.id, field.name, impl_->text_of(field));
}

std::string_view Message::call_id() const {
    return value(HeaderId::call_id);
}
std::string_view Message::from_tag() const {
    return tag_of(value(HeaderId::from));
}
std::string_view Message::to_tag() const {
    return tag_of(value(HeaderId::to));
}

std::uint32_t Message::cseq() const {
    const auto text = value(HeaderId::cseq);
    return to_number<std::uint32_t>(text.substr(0, std::min(text.find_first_of(" \t"), text.size()))).value_or(0);
}

std::string_view Message::cseq_method() const {
    const auto text = value(HeaderId::cseq);
    const auto space = text.find_first_of(" \t");
    return space == std::string_view::npos ? std::string_view{} : trim(text.substr(space));
}

std::string_view Message::branch() const {
    return find_param(params_of(first(HeaderId::via)), "branch").value_or(std::string_view{});
}

std::string_view Message::body() const {
    return impl_->body;
}

std::optional<std::uint32_t> Message::number(HeaderId id) const {
    return to_number<std::uint32_t>(value(id));
}

Values split_list(std::string_view value) {
    Values parts;
    std::size_t start = 0;
    while (start <= value.size()) {
        const auto comma = find_outside(value, ',', start);
        const auto end = comma == std::string_view::npos ? value.size() : comma;
        const auto part = trim(value.substr(start, end - start));
        if (!part.empty()) parts.push_back(part);
        start = end + 1;
    }
    return parts;
}

}  // namespace isthmus::sip
