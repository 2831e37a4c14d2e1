#include "tests/system/core.hpp"

#include <cstdlib>
#include <fstream>
#include <pqxx/pqxx>
#include <sstream>

namespace isthmus::system_test {

isthmus::testing::PostgresCluster& Core::cluster() {
    static isthmus::testing::PostgresCluster cluster({.fsync = true});
    return cluster;
}

Core::Core() {
    std::string name = "/tmp/isthmus-system-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = name;
    try {
        pqxx::connection probe(cluster().connection_string("postgres"));
    } catch (const pqxx::broken_connection&) {
        cluster().start();  // a test that failed half-way left it stopped
    }
}

Core::~Core() {
    if (HasFailure())
        for (const auto* program : {pcscf_.get(), icscf_.get(), scscf_.get()})
            if (program != nullptr) std::cerr << "---- log ----\n" << program->output();
    pcscf_.reset();
    icscf_.reset();
    scscf_.reset();
    std::filesystem::remove_all(folder_);
}

void Core::sql(const std::string& statement) const {
    pqxx::connection connection(cluster().connection_string(database_, "isthmus_admin"));
    pqxx::work work(connection);
    work.exec(statement);
    work.commit();
}

void Core::add_user(const std::string& name, const std::string& more) const {
    sql("SELECT subscriber.add('" + name + "', 'home1.net', '" + name + "-secret'" + more + ")");
}

void Core::provide() {
    database_ = cluster().create_migrated_database();
    sql("SELECT subscriber.add_home_domain('home1.net'); SELECT subscriber.add_server('" + uri(scscf_host) + "')");
}

std::string Core::write_config(const std::string& role, int host, const std::string& more) {
    const auto ip = support::loopback(host);
    const auto path = folder_ / (role + std::to_string(host) + ".toml");
    std::ofstream file(path);
    file << "[node]\nname = \"" << ip << "\"\ndomains = [\"home1.net\"]\nworkers = " << workers_
         << "\n[listen]\nudp = [\"" << ip << ":5060\"]\ntcp = [\"" << ip << ":5060\"]\n[http]\nlisten = \"" << ip << ":"
         << http_port << "\"\n[security]\ntoken_secret = \"0123456789abcdef-" << role << "\"\n";
    if (role != "pcscf")
        file << "[database]\nconninfo = \"" << cluster().connection_string(database_, "isthmus_core") << "\"\n";
    file << "[" << role << "]\ntrusted = [\"" << support::loopback(0) << "/25\"]\n";
    if (role == "pcscf") file << "visited_network = \"home1.net\"\n";
    if (role == "scscf") file << "uri = \"" << uri(host) << "\"\n";
    if (role != "icscf") file << "icscf = \"" << uri(icscf_host) << "\"\n";
    file << more;
    return path;
}

void Core::start_pcscf() {
    pcscf_ = std::make_unique<Program>("pcscf", std::vector<std::string>{"-c", write_config("pcscf", pcscf_host)});
    ASSERT_TRUE(pcscf_->logs("ISTHMUS-RT-001")) << pcscf_->output();
}

void Core::start_icscf() {
    icscf_ = std::make_unique<Program>("icscf", std::vector<std::string>{"-c", write_config("icscf", icscf_host)});
    ASSERT_TRUE(icscf_->logs("ISTHMUS-RT-001")) << icscf_->output();
}

std::unique_ptr<Program> Core::start_scscf_at(int host) {
    auto program = std::make_unique<Program>("scscf", std::vector<std::string>{"-c", write_config("scscf", host)});
    // The policy is read beside the sockets' opening, so either may be told first.
    EXPECT_TRUE(program->logs("ISTHMUS-DB-002")) << program->output();
    const auto until = std::chrono::steady_clock::now() + patience;
    while (http_get(support::loopback(host), http_port, "/healthz").status != 200 &&
           std::chrono::steady_clock::now() < until)
        (void)program->logs("\n", std::chrono::milliseconds(50));
    EXPECT_EQ(http_get(support::loopback(host), http_port, "/healthz").status, 200) << program->output();
    return program;
}

void Core::start_scscf() {
    scscf_ = start_scscf_at(scscf_host);
}

double Core::metric(int host, const std::string& name) {
    std::istringstream lines(metrics(host));
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(name + " ", 0) == 0) return std::stod(line.substr(name.size() + 1));
    return -1;
}

}  // namespace isthmus::system_test
