// A user of whom no live copy is held: read from the directory, taken over from an S-CSCF that did not answer, or found
// to be served by another one (SR-REG-54, SR-REG-57, SR-REG-58).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/runtime/core.hpp"
#include "scscf/shared.hpp"

namespace isthmus::scscf {

struct FoundUser {
    enum class Kind : std::uint8_t { served, nobody, elsewhere, circle, unknown, unreachable };
    Kind kind = Kind::unreachable;
    Registered registration;      ///< with served
    std::string server;           ///< with elsewhere: SIP URI
    std::int64_t generation = 0;  ///< with elsewhere
};

/// One for each worker; answers come on it.
class UserReader {
  public:
    using Done = std::function<void(const FoundUser&)>;

    UserReader(runtime::Core& core, Shared& shared) : core_(core), shared_(shared) {}
    void read(const std::string& identity, std::optional<std::int64_t> sent_with, Done done);

  private:
    struct Asked {
        std::string identity;
        std::optional<std::int64_t> sent_with;
        Done done;
        bool lost_race = false;  ///< another one took over while we tried to
    };
    void ask(Asked asked);
    void answered(Asked asked, const subscriber::UserAnswer& answer);
    void take_over(Asked asked, const std::string& from);
    void taken_over(Asked asked, const std::string& from, const subscriber::AssignmentAnswer& answer);
    void serve(const Asked& asked, const ims::Profile& profile, const std::vector<ims::Binding>& bindings);
    void tell(RestorationEvent::Kind kind, const std::string& identity, const std::string& server) const;

    runtime::Core& core_;
    Shared& shared_;
};

/// SR-REG-57: `request`, whose own Route entry is off already, as it goes to the S-CSCF that serves `identity`.
sip::Message rerouted(const sip::Message& request, const FoundUser& found, const std::string& identity,
                      bool originating);

/// The generation another S-CSCF of ours sent a request with: parameter `gen` of a URI.
std::optional<std::int64_t> generation_in(std::string_view uri_params);

/// SR-REG-56: somebody else serves the set. No copy of an older generation stays; `post` runs a task on a worker.
void drop_set(Shared& shared, const runtime::Core& core, std::int64_t set_id, std::int64_t generation,
              const std::function<void(std::size_t, std::function<void()>)>& post);

}  // namespace isthmus::scscf
