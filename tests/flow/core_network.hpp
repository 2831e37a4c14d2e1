// The three CSCFs of home1.net on a Net, users alice and bob, and phones that can register.
#pragma once

#include <gtest/gtest.h>

#include "icscf/pipeline.hpp"
#include "pcscf/pipeline.hpp"
#include "scscf/pipeline.hpp"
#include "tests/flow/fake_directory.hpp"

namespace isthmus::flow {

/// Where everything is: host parts as in a URI.
struct Places {
    std::string pcscf = "127.0.1.10", icscf = "127.0.1.20", scscf = "127.0.1.30";
    std::string alice = "127.0.2.1", bob = "127.0.2.2";
};
inline Places on_ipv6() {
    return {"[fd00:1::10]", "[fd00:1::20]", "[fd00:1::30]", "[fd00:2::1]", "[fd00:2::2]"};
}

class CoreNetwork : public testing::TestWithParam<std::size_t> {
  protected:
    explicit CoreNetwork(Places places_in = {}) : places(std::move(places_in)) {
        const auto icscf_uri = "sip:" + places.icscf + ":5060";
        const auto scscf_uri = "sip:" + places.scscf + ":5060";
        directory.servers.push_back({scscf_uri, {}, 0, 1});
        directory.add("alice", "home1.net", "a-secret",
                      {{"sip:alice.home@home1.net", false}, {"tel:+15551001", false}});
        directory.add("bob", "home1.net", "b-secret");
        pcscf_settings.visited_network = "home1.net";
        pcscf_settings.icscf = icscf_uri;
        pcscf_settings.trusted = core_addresses();
        at_icscf.trusted = core_addresses();
        at_icscf.directory = &directory;
        at_icscf.network.replace(directory.servers);
        shared.settings.registrar.server_name = scscf_uri;
        shared.settings.icscf = icscf_uri;
        shared.settings.home_domains = {"home1.net"};
        shared.settings.trusted = core_addresses();
        shared.directory = &directory;
        shared.policy = &policy;
        shared.metrics = &metrics;
        set_policy({});
        pcscf.start([this](runtime::Core& core) { return pcscf::make_role(core, pcscf_settings, bindings); });
        icscf.start([this](runtime::Core& core) { return icscf::make_role(core, at_icscf); });
        scscf.start([this](runtime::Core& core) { return scscf::make_role(core, shared); });
    }

    static std::vector<runtime::AddressRange> core_addresses() {
        const std::vector<std::string> core = {"127.0.1.0/24", "fd00:1::/64"};
        return runtime::address_ranges(core);
    }

    void set_policy(std::vector<policy::DomainRule> rules) {
        policy.publish(policy::Snapshot(++policy_version, std::move(rules)), {});
    }
    static policy::DomainRule allow(std::string pattern, policy::Mode mode) {
        policy::DomainRule rule;
        rule.id = 7;
        rule.pattern = std::move(pattern);
        rule.access = policy::Access::allow;
        rule.mode = mode;
        return rule;
    }

    struct Account {
        std::string user;
        std::string password;
    };
    static std::string register_text(const Phone& phone, const Account& account, int cseq,
                                     const std::string& authorization, const std::string& expires = "3600") {
        const auto id = account.user + "@home1.net";
        return "REGISTER sip:home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nFrom: <sip:" + id +
               ">;tag=r1\nTo: <sip:" + id + ">\nContact: <sip:" + account.user + "@" + phone.address().text() +
               ">;expires=" + expires + "\nCall-ID: reg-" + phone.name() + "\nCSeq: " + std::to_string(cseq) +
               " REGISTER\nAuthorization: " + authorization + "\nSupported: path\n";
    }
    static std::string no_answer(const Account& account) {
        return "Digest username=\"" + account.user +
               "@home1.net\",realm=\"home1.net\",nonce=\"\",uri=\"sip:home1.net\",response=\"\"";
    }
    static std::string answer_to(const sip::Message& challenged, const Account& account,
                                 const std::string& nc = "00000001") {
        const auto challenge = sip::DigestChallenge::parse(challenged.value(sip::HeaderId::www_authenticate)).value();
        sip::DigestCredentials credentials;
        credentials.username = account.user + "@home1.net";
        credentials.realm = challenge.realm;
        credentials.nonce = challenge.nonce;
        credentials.uri = "sip:home1.net";
        credentials.qop = "auth";
        credentials.nc = nc;
        credentials.cnonce = "c0ffee";
        credentials.response = sip::digest_response(
            sip::digest_ha1(credentials.username, credentials.realm, account.password), credentials, "REGISTER");
        return credentials.print();
    }
    /// REGISTER, 401, REGISTER, 200. Returns the 200.
    sip::Message do_register(Phone& phone, const Account& account, const std::string& expires = "3600") {
        phone.send(pcscf, register_text(phone, account, cseq + 1, no_answer(account), expires));
        const auto challenged = phone.expect("SIP/2.0 401");
        phone.send(pcscf, register_text(phone, account, cseq + 2, answer_to(challenged, account), expires));
        cseq += 2;
        return phone.expect("SIP/2.0 200");
    }
    static std::string route_of(const Host& pcscf, const sip::Message& registered) {
        return "Route: <sip:" + pcscf.address().text() + ";lr>, " +
               std::string(registered.value(sip::HeaderId::service_route)) + "\n";
    }

    const Places places;
    Net net;
    FakeDirectory directory{net};
    pcscf::Settings pcscf_settings;
    pcscf::BindingTable bindings;
    icscf::Shared at_icscf{1000};
    scscf::PolicyStore policy;
    std::int64_t policy_version = 0;
    observability::Metrics metrics{GetParam()};
    scscf::Shared shared;
    NodeHost pcscf{net, "pcscf", places.pcscf + ":5060", GetParam()};
    NodeHost icscf{net, "icscf", places.icscf + ":5060", GetParam()};
    NodeHost scscf{net, "scscf", places.scscf + ":5060", GetParam()};
    Phone alice_phone{net, "alice", places.alice + ":5070"};
    Phone bob_phone{net, "bob", places.bob + ":5070"};
    const Account alice{"alice", "a-secret"};
    const Account bob{"bob", "b-secret"};
    int cseq = 0;
};

inline std::string worker_count(const testing::TestParamInfo<std::size_t>& row) {
    return std::to_string(row.param) + (row.param == 1 ? "_worker" : "_workers");
}

}  // namespace isthmus::flow
