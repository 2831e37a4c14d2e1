// Edits and printing: untouched stretches are copied as they came, only edited fields are written anew.
#include <fmt/format.h>

#include "common/sip/message_impl.hpp"
#include "common/sip/text.hpp"

namespace isthmus::sip {
namespace {

/// Untouched neighbours lie side by side in the received octets; they are copied as one stretch.
class Splice {
  public:
    explicit Splice(std::string& out) : out_(out) {}
    ~Splice() { flush(); }
    Splice(const Splice&) = delete;
    Splice& operator=(const Splice&) = delete;

    void untouched(std::string_view text) {
        if (run_.data() + run_.size() == text.data()) {
            run_ = {run_.data(), run_.size() + text.size()};
            return;
        }
        flush();
        run_ = text;
    }
    void written(std::string_view name, std::string_view value) {
        flush();
        out_.append(name).append(": ").append(value).append("\r\n");
    }
    void flush() {
        out_.append(run_);
        run_ = {};
    }

  private:
    std::string& out_;
    std::string_view run_;
};

}  // namespace

void Message::set_request_uri(std::string_view uri) {
    impl_->request_uri = impl_->keep(uri);
    impl_->start_line = {};
}

void Message::set_status(int status, std::string_view reason) {
    impl_->status = status;
    impl_->reason = impl_->keep(reason);
    impl_->start_line = {};
}

void Message::set(HeaderId id, std::string_view value) {
    bool done = false;
    auto& fields = impl_->fields;
    for (auto field = fields.begin(); field != fields.end();) {
        if (field->id != id) {
            ++field;
        } else if (!done) {
            field->value = impl_->keep(value);
            field->line = {};
            done = true;
            ++field;
        } else {
            field = fields.erase(field);
        }
    }
    if (!done) append(id, value);
}

void Message::remove(HeaderId id) {
    remove_if([id](HeaderId candidate, std::string_view) { return candidate == id; });
}

void Message::remove(std::string_view name) {
    const HeaderId id = header_id(name);
    remove_if([id, name](HeaderId candidate, std::string_view candidate_name) {
        return id != HeaderId::other ? candidate == id : iequals(candidate_name, name);
    });
}

void Message::remove_if(const std::function<bool(HeaderId, std::string_view)>& unwanted) {
    auto& fields = impl_->fields;
    fields.erase(std::remove_if(fields.begin(), fields.end(),
                                [&](const Field& field) { return unwanted(field.id, field.name); }),
                 fields.end());
}

void Message::prepend(HeaderId id, std::string_view value) {
    auto& fields = impl_->fields;
    auto place = std::find_if(fields.begin(), fields.end(), [id](const Field& field) { return field.id == id; });
    if (place == fields.end()) place = fields.begin();
    Field made;
    made.id = id;
    made.name = header_name(id);
    made.value = impl_->keep(value);
    fields.insert(place, made);
}

void Message::append(HeaderId id, std::string_view value) {
    Field made;
    made.id = id;
    made.name = header_name(id);
    made.value = impl_->keep(value);
    impl_->fields.push_back(made);
}

void Message::append(std::string_view name, std::string_view value) {
    Field made;
    made.id = header_id(name);
    made.name = made.id == HeaderId::other ? impl_->keep(name) : header_name(made.id);
    made.value = impl_->keep(value);
    impl_->fields.push_back(made);
}

void Message::pop_first(HeaderId id) {
    auto& fields = impl_->fields;
    auto place = std::find_if(fields.begin(), fields.end(), [id](const Field& field) { return field.id == id; });
    if (place == fields.end()) return;
    const auto comma = find_outside(place->value, ',');
    const auto rest = comma == std::string_view::npos ? std::string_view{} : trim(place->value.substr(comma + 1));
    if (rest.empty()) {
        fields.erase(place);
    } else {
        place->value = rest;  // still inside the received octets
        place->line = {};
    }
}

void Message::replace_first(HeaderId id, std::string_view value) {
    auto& fields = impl_->fields;
    auto place = std::find_if(fields.begin(), fields.end(), [id](const Field& field) { return field.id == id; });
    if (place == fields.end()) return prepend(id, value);
    const auto comma = find_outside(place->value, ',');
    std::string text(value);
    if (comma != std::string_view::npos) text.append(", ").append(trim(place->value.substr(comma + 1)));
    place->value = impl_->keep(text);
    place->line = {};
}

void Message::set_body(std::string_view content_type, std::string_view body) {
    impl_->body = impl_->keep(body);
    if (body.empty())
        remove(HeaderId::content_type);
    else if (!content_type.empty())
        set(HeaderId::content_type, content_type);
    set(HeaderId::content_length, fmt::format_int(body.size()).str());
}

std::size_t Message::size_estimate() const {
    std::size_t size = impl_->body.size() + impl_->request_uri.size() + 64;
    for (const Field& field : impl_->fields)
        size += field.line.empty() ? field.name.size() + field.value.size() + 4 : field.line.size();
    return size;
}

std::string Message::print() const {
    std::string out;
    out.reserve(size_estimate());
    {
        Splice splice(out);
        if (!impl_->start_line.empty())
            splice.untouched(impl_->start_line);
        else if (impl_->is_request)
            out.append(impl_->method_text).append(" ").append(impl_->request_uri).append(" SIP/2.0\r\n");
        else
            fmt::format_to(std::back_inserter(out), "SIP/2.0 {} {}\r\n", impl_->status, impl_->reason);
        for (const Field& field : impl_->fields) {
            if (!field.line.empty())
                splice.untouched(field.line);
            else
                splice.written(field.name, field.value);
        }
        if (impl_->find(HeaderId::content_length) == nullptr)
            splice.written(header_name(HeaderId::content_length), fmt::format_int(impl_->body.size()).str());
    }
    out.append("\r\n").append(impl_->body);
    return out;
}

}  // namespace isthmus::sip
