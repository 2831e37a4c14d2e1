#include "tests/support/name_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/wire.hpp"

namespace isthmus::testing {
namespace {

namespace fs = std::filesystem;

std::string soa_query(const std::string& domain) {
    std::string query("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
    std::size_t at = 0;
    while (at < domain.size()) {
        const auto dot = std::min(domain.find('.', at), domain.size());
        query += static_cast<char>(dot - at);
        query += domain.substr(at, dot - at);
        at = dot + 1;
    }
    return query + std::string("\x00\x00\x06\x00\x01", 5);
}

}  // namespace

NameServer::NameServer(const std::map<std::string, std::string>& zones) {
    std::string pattern = (fs::temp_directory_path() / "isthmus-dns-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for the name server");
    folder_ = pattern;
    // The system chooses a port; nobody else asks for this one between here and unbound's start.
    address_ = support::UdpEnd(support::loopback_address(53, 0)).local();
    std::ofstream config(folder_ / "unbound.conf");
    config << "server:\n  interface: " << address_.ip() << "\n  port: " << address_.port
           << "\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  directory: \"" << folder_.string()
           << "\"\n  pidfile: \"\"\n  use-syslog: no\n  num-threads: 1\n  access-control: 127.0.0.0/8 allow\n"
              "  module-config: \"iterator\"\n  local-zone: \".\" static\n";
    for (const auto& [domain, text] : zones) config << "  local-zone: \"" << domain << ".\" transparent\n";
    config << "remote-control:\n  control-enable: no\n";
    for (const auto& [domain, text] : zones) {
        config << "auth-zone:\n  name: \"" << domain << "\"\n  zonefile: \"" << domain
               << ".zone\"\n  for-downstream: yes\n  for-upstream: yes\n";
        std::ofstream(folder_ / (domain + ".zone")) << "$ORIGIN " << domain << ".\n" << text;
    }
    config.close();
    start(zones.begin()->first);
}

void NameServer::start(const std::string& any_domain) {
    pid_ = ::fork();
    if (pid_ == 0) {
        const auto log = (folder_ / "log").string();
        const int handle = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(handle, 1);
        ::dup2(handle, 2);
        const auto config = (folder_ / "unbound.conf").string();
        ::execl("/usr/sbin/unbound", "unbound", "-d", "-p", "-c", config.c_str(), nullptr);
        ::_exit(127);
    }
    support::UdpEnd probe(support::loopback_address(54, 0));
    for (int tries = 0; tries < 100; ++tries) {
        probe.send(address_, soa_query(any_domain));
        if (probe.receive(support::Patience(100))) return;
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    }
    std::ifstream log(folder_ / "log");
    throw std::runtime_error("unbound does not start (deploy/install installs it): " +
                             std::string((std::istreambuf_iterator<char>(log)), {}));
}

NameServer::~NameServer() {
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

}  // namespace isthmus::testing
