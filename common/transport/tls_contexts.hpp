// The OpenSSL side of TlsCredentials. Internal to this room.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <vector>

#include "common/transport/tls.hpp"

namespace isthmus::transport {

struct TlsCredentials::Impl {
    struct Server {
        std::unique_ptr<boost::asio::ssl::context> context;
        std::string chain_file;
    };
    std::unique_ptr<boost::asio::ssl::context> client;
    std::vector<Server> servers;  ///< one per identity
    ClientCertificate client_certificate = ClientCertificate::none;
};

}  // namespace isthmus::transport
