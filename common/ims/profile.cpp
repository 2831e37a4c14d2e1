#include "common/ims/profile.hpp"

namespace isthmus::ims {

const PublicIdentity* Profile::default_identity() const {
    for (const PublicIdentity& identity : identities) {
        if (!identity.barred) return &identity;
    }
    return nullptr;
}

}  // namespace isthmus::ims
