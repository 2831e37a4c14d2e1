// The whole core as an operator runs it: a PostgreSQL, the three programs, their configuration files.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/postgres_cluster.hpp"
#include "tests/support/wire.hpp"
#include "tests/system/program.hpp"

namespace isthmus::system_test {

class Core : public ::testing::Test {
  protected:
    static constexpr std::uint16_t sip_port = 5060;
    static constexpr std::uint16_t http_port = 9060;
    // Last octets: below 128 is the core, whom the nodes trust.
    static constexpr int pcscf_host = 10;
    static constexpr int icscf_host = 20;
    static constexpr int scscf_host = 30;
    static constexpr int second_scscf_host = 31;

    Core();
    ~Core() override;

    /// Writes `name`.toml; what stands in `more` overrides nothing, it is added.
    std::string write_config(const std::string& role, int host, const std::string& more = {});
    /// Starts it and waits until it serves.
    void start_pcscf();
    void start_icscf();
    void start_scscf();
    std::unique_ptr<Program> start_scscf_at(int host);
    void start_all() {
        start_scscf();
        start_icscf();
        start_pcscf();
    }

    void sql(const std::string& statement) const;
    void add_user(const std::string& name, const std::string& more = {}) const;
    void provide();
    [[nodiscard]] static std::string uri(int host) { return "sip:" + support::loopback(host) + ":5060"; }
    [[nodiscard]] static transport::Address address(int host) { return support::loopback_address(host, sip_port); }
    [[nodiscard]] static std::string metrics(int host) {
        return http_get(support::loopback(host), http_port, "/metrics").body;
    }
    /// The value of a metric; -1 when it is not there.
    [[nodiscard]] static double metric(int host, const std::string& name);

    static isthmus::testing::PostgresCluster& cluster();
    int workers_ = 1;
    std::filesystem::path folder_;
    std::string database_;
    std::unique_ptr<Program> pcscf_;
    std::unique_ptr<Program> icscf_;
    std::unique_ptr<Program> scscf_;
};

}  // namespace isthmus::system_test
