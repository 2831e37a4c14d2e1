// A SIP message: the octets as received, an index of its header fields made by one scan, and edits (RFC 3261 7).
//
// What nobody touches is forwarded to the byte: unknown fields, their order, their white space. A value is parsed
// only when somebody asks for it (see uri.hpp and headers.hpp, which use Sofia's grammar). Printing splices
// untouched stretches and edited fields. Views handed out stay valid until the message is destroyed.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/sip/header_id.hpp"

namespace isthmus::sip {

enum class Method : std::uint8_t {
    invite,
    ack,
    cancel,
    bye,
    register_,
    options,
    prack,
    update,
    info,
    message,
    subscribe,
    notify,
    publish,
    refer,
    other
};

/// Methods are case-sensitive (RFC 3261 7.1).
Method method(std::string_view name);
std::string_view method_name(Method method);

/// Why octets are no usable message. `status` is what RFC 3261/4475 wants sent back; 0 means: stay silent.
struct Malformed {
    int status;
    std::string detail;
};
/// For boost::system::result<..., Malformed>::value() on a failure: a programming error.
[[noreturn]] void throw_exception_from_error(const Malformed& malformed, const boost::source_location& where);

/// Lists of values are short; none of them needs the heap.
using Values = boost::container::small_vector<std::string_view, 8>;

class Message {
  public:
    using Parsed = boost::system::result<Message, Malformed>;

    /// Scans one datagram, or one message framed from a stream. Fails only where no index can be made; what a
    /// message that was indexed lacks is said by check() in validity.hpp.
    static Parsed from_wire(std::string octets);

    static Message request(std::string_view method, std::string_view request_uri);
    /// A response with the Vias, From, To, Call-ID, CSeq (and Timestamp for 100) of `to` (RFC 3261 8.2.6.2).
    /// `to_tag` is added when the request's To has none; leave it empty for 100.
    static Message response(const Message& to, int status, std::string_view reason, std::string_view to_tag);

    Message(Message&&) noexcept;
    Message& operator=(Message&&) noexcept;
    ~Message();
    /// An independent message with the same text as print() gives; for forks and retries.
    [[nodiscard]] Message copy() const;

    // Start line
    [[nodiscard]] bool is_request() const;
    [[nodiscard]] Method method() const;  ///< of a response: the method of its CSeq
    [[nodiscard]] std::string_view method_name() const;
    [[nodiscard]] std::string_view request_uri() const;
    [[nodiscard]] int status() const;  ///< 0 for a request
    [[nodiscard]] std::string_view reason() const;

    // Fields. A value is trimmed, and unfolded where it was folded.
    [[nodiscard]] bool has(HeaderId id) const;
    [[nodiscard]] std::size_t count(HeaderId id) const;  ///< fields, not values
    /// The first field's whole value; empty when absent.
    [[nodiscard]] std::string_view value(HeaderId id) const;
    [[nodiscard]] std::string_view value(std::string_view name) const;
    /// Every value of every such field, comma lists split, topmost first.
    [[nodiscard]] Values values(HeaderId id) const;
    /// The first value of the list; empty when absent.
    [[nodiscard]] std::string_view first(HeaderId id) const;
    void each_field(const std::function<void(HeaderId, std::string_view name, std::string_view value)>& visit) const;

    // What routing reads of every message, found by the scan without a parser
    [[nodiscard]] std::string_view call_id() const;
    [[nodiscard]] std::string_view from_tag() const;
    [[nodiscard]] std::string_view to_tag() const;
    [[nodiscard]] std::uint32_t cseq() const;
    [[nodiscard]] std::string_view cseq_method() const;
    [[nodiscard]] std::string_view branch() const;  ///< of the topmost Via

    [[nodiscard]] std::string_view body() const;
    /// A number header such as Max-Forwards or Expires; nothing when absent, not a number, or above 2^32-1.
    [[nodiscard]] std::optional<std::uint32_t> number(HeaderId id) const;

    // Edits
    void set_request_uri(std::string_view uri);
    void set_status(int status, std::string_view reason);
    /// Replaces every such field by one; appended after the last field when absent.
    void set(HeaderId id, std::string_view value);
    void remove(HeaderId id);
    void remove(std::string_view name);
    void remove_if(const std::function<bool(HeaderId, std::string_view name)>& unwanted);
    /// Puts a field before the first of its kind, or before all fields when there is none (Via, Route, Record-Route).
    void prepend(HeaderId id, std::string_view value);
    void append(HeaderId id, std::string_view value);
    void append(std::string_view name, std::string_view value);
    /// Takes the first value off a list; the field goes when it was the only one.
    void pop_first(HeaderId id);
    void replace_first(HeaderId id, std::string_view value);
    /// Content-Length follows; Content-Type is set when given, and removed with the body.
    void set_body(std::string_view content_type, std::string_view body);

    /// The message as it goes on the wire, Content-Length right.
    [[nodiscard]] std::string print() const;
    [[nodiscard]] std::size_t size_estimate() const;

    struct Impl;

  private:
    explicit Message(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
    friend std::uint16_t flaws_of(const Message& message);
};

/// The comma-separated values of one field, quotes, angle brackets and comments respected, trimmed.
Values split_list(std::string_view value);

}  // namespace isthmus::sip
