// A Diameter Cx client through freeDiameter, as small as a measurement needs (TS 29.229; cx.md 1-3). One per process,
// for freeDiameter is. It shows the shape of the subscriber port: a request, and a callback called once, elsewhere.
#pragma once

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>
#include <freeDiameter/libfdproto.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace isthmus::bench {

enum class Command : std::uint8_t { uar, mar, sar };
constexpr const char* command_names[] = {"UAR", "MAR", "SAR"};

struct CxAnswer {
    enum class Kind : std::uint8_t { answer, expired, not_sent };
    Kind kind = Kind::answer;
    std::uint32_t result = 0;  ///< Result-Code or Experimental-Result-Code
    bool error = false;        ///< E bit: made by a Diameter node on the way, or by freeDiameter itself
    std::size_t payload = 0;   ///< octets of the AVP the command is sent for
};
using Done = std::function<void(const CxAnswer&)>;

class CxPeer {
  public:
    /// Starts freeDiameter with its configuration in `file` and registers the Cx application and commands, which the
    /// packaged dictionary lacks. Throws std::runtime_error with what failed.
    CxPeer(const std::string& file, std::string realm, std::string server_name);
    ~CxPeer();
    CxPeer(const CxPeer&) = delete;
    CxPeer& operator=(const CxPeer&) = delete;

    [[nodiscard]] bool open(const std::string& peer) const;
    /// Subscriber `user` of the computed set. `done` is called once, on a thread of freeDiameter or before this
    /// returns when nothing could be sent.
    void send(Command command, std::uint32_t user, std::uint32_t timeout_ms, Done done);

  private:
    struct Names {
        dict_object *session_state, *realm, *user_name, *result, *experimental, *experimental_code, *vendor_app,
            *vendor, *auth_app, *visited, *identity, *server, *auth_items, *auth_item, *scheme, *assignment, *available,
            *user_data, *capabilities;
    };
    void register_commands();
    void find_names();
    [[nodiscard]] dict_object* find(std::uint32_t vendor, std::uint32_t code) const;
    void add_common(msg* message) const;
    void add_specific(msg* message, Command command, std::uint32_t user) const;
    [[nodiscard]] CxAnswer read(msg* message, Command command) const;
    static void on_answer(void* data, msg** message);
    static void on_expiry(void* data, DiamId_t, std::size_t, msg** message);

    std::string realm_;
    std::string server_name_;
    dictionary* dictionary_ = nullptr;
    dict_object* commands_[3] = {};
    Names names_{};
};

}  // namespace isthmus::bench
