// P-, I- and S-CSCF in one process on real sockets, wired as in the field: phone -> P -> I -> S, users in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/observability/metrics.hpp"
#include "common/runtime/server.hpp"
#include "common/sip/digest.hpp"
#include "common/sip/message.hpp"
#include "icscf/pipeline.hpp"
#include "pcscf/pipeline.hpp"
#include "scscf/pipeline.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/wire.hpp"

namespace isthmus::torture {

class ThreeNodes : public testing::Test {
  protected:
    static constexpr std::uint16_t sip_port = 5060;

    ThreeNodes() {
        const auto icscf_uri = "sip:" + support::loopback(20) + ":5060";
        const auto scscf_uri = "sip:" + support::loopback(30) + ":5060";
        const std::vector<std::string> core = {support::loopback(0) + "/25"};  // .128 and above is outside
        directory_.add("alice", "home1.net", "a-secret");
        directory_.everybody_else_at(scscf_uri);
        at_pcscf_.visited_network = "home1.net";
        at_pcscf_.icscf = icscf_uri;
        at_pcscf_.trusted = runtime::address_ranges(core);
        at_pcscf_.access_timing = timing;
        at_icscf_.trusted = at_pcscf_.trusted;
        at_icscf_.directory = &directory_;
        at_icscf_.network.replace({{scscf_uri, {}, 0, 1}});
        at_scscf_.settings.registrar.server_name = scscf_uri;
        at_scscf_.settings.icscf = icscf_uri;
        at_scscf_.settings.home_domains = {"home1.net", "example.invalid"};
        at_scscf_.settings.trusted = at_pcscf_.trusted;
        at_scscf_.directory = &directory_;
        at_scscf_.policy = &policy_;
        at_scscf_.metrics = &metrics_;
        policy_.publish(policy::Snapshot(1, {}), {});
        start(10, "pcscf", [this](runtime::Core& to) { return pcscf::make_role(to, at_pcscf_, bindings_); });
        start(20, "icscf", [this](runtime::Core& to) { return icscf::make_role(to, at_icscf_); });
        start(30, "scscf", [this](runtime::Core& to) { return scscf::make_role(to, at_scscf_); });
    }
    ~ThreeNodes() override {
        for (auto& node : nodes_) node->stop(std::chrono::milliseconds(0));
        directory_.stop();
    }

    void start(int host, const std::string& name, const runtime::RoleFactory& make_role) {
        runtime::Node node;
        node.name = name + ".home1.net";
        node.udp = {support::loopback_address(host, sip_port)};
        node.tcp = node.udp;
        node.workers = 2;
        node.epoch = static_cast<std::uint16_t>(host);
        node.secret = {11, 12};
        node.seed = {13, 14};
        node.timing = timing;
        node.timer_c_ms = 2'000;
        nodes_.push_back(std::make_unique<runtime::Server>(node, make_role));
        nodes_.back()->start();
    }

    /// Waits until no node holds a transaction, so nothing hangs and nothing is lost.
    [[nodiscard]] bool become_idle() {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (std::chrono::steady_clock::now() < until) {
            std::size_t held = 0;
            for (const auto& node : nodes_) {
                const auto totals = node->totals();
                held += totals.server_transactions + totals.client_transactions;
            }
            if (held == 0) return true;
            while (core_.receive(support::Patience(0))) continue;
            while (phone_.receive(support::Patience(20))) continue;
        }
        return false;
    }

    static std::string options(const std::string& uri, const std::string& via, const std::string& call_id) {
        return "OPTIONS " + uri + " SIP/2.0\r\nVia: SIP/2.0/" + via + ";branch=z9hG4bK" + call_id +
               "\r\nMax-Forwards: 70\r\nFrom: <sip:probe@home1.net>;tag=p\r\nTo: <" + uri + ">\r\nCall-ID: " + call_id +
               "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    }
    /// A good OPTIONS to a node, as its neighbour; true when it is answered.
    [[nodiscard]] bool answers(const runtime::Server& node) {
        const auto call_id = "probe" + std::to_string(++probes_);
        core_.send(node.node().udp.front(), options("sip:nobody@home1.net", "UDP " + core_.local().text(), call_id));
        while (const auto octets = core_.receive()) {
            const auto answer = sip::Message::from_wire(*octets);
            if (answer && answer->status() >= 200 && answer->call_id() == call_id) return true;
        }
        return false;
    }

    std::string register_text(int cseq, const std::string& authorization) const {
        const auto number = std::to_string(cseq);
        return "REGISTER sip:home1.net SIP/2.0\r\nVia: SIP/2.0/UDP " + phone_.local().text() + ";branch=z9hG4bKreg" +
               number +
               "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@home1.net>;tag=r\r\nTo: <sip:alice@home1.net>\r\nContact: "
               "<sip:alice@" +
               phone_.local().text() + ">;expires=600\r\nCall-ID: reg\r\nCSeq: " + number +
               " REGISTER\r\nAuthorization: " + authorization + "\r\nSupported: path\r\nContent-Length: 0\r\n\r\n";
    }
    sip::Message register_once(const std::string& authorization) {
        const auto cseq = ++cseq_;
        phone_.send(nodes_[0]->node().udp.front(), register_text(cseq, authorization));
        while (const auto octets = phone_.receive()) {
            auto answer = sip::Message::from_wire(*octets);
            if (answer && answer->status() >= 200 && answer->call_id() == "reg" &&
                answer->cseq() == static_cast<std::uint32_t>(cseq))
                return std::move(*answer);
        }
        ADD_FAILURE() << "no answer to REGISTER";
        return sip::Message::request("NONE", "sip:none");
    }
    /// REGISTER, 401, REGISTER through all three nodes; the last answer.
    sip::Message do_register() {
        sip::DigestCredentials credentials;
        credentials.username = "alice@home1.net";
        credentials.realm = "home1.net";
        credentials.uri = "sip:home1.net";
        const auto challenged = register_once(credentials.print());
        const auto challenge = sip::DigestChallenge::parse(challenged.value(sip::HeaderId::www_authenticate));
        if (!challenge) return sip::Message::response(challenged, challenged.status(), "no challenge", "x");
        credentials.nonce = challenge->nonce;
        credentials.qop = "auth";
        credentials.nc = "00000001";
        credentials.cnonce = "c0ffee";
        credentials.response = sip::digest_response(
            sip::digest_ha1(credentials.username, credentials.realm, "a-secret"), credentials, "REGISTER");
        return register_once(credentials.print());
    }

    static constexpr transaction::Timing timing{20, 200, 200};
    support::MemoryDirectory directory_;
    observability::Metrics metrics_{2};
    pcscf::Settings at_pcscf_;
    pcscf::BindingTable bindings_;
    icscf::Shared at_icscf_{1000};
    scscf::PolicyStore policy_;
    scscf::Shared at_scscf_;
    std::vector<std::unique_ptr<runtime::Server>> nodes_;  // P, I, S
    support::UdpEnd core_{support::loopback_address(40, 0)};
    support::UdpEnd phone_{support::loopback_address(140, 0)};
    int probes_ = 0;
    int cseq_ = 0;
};

}  // namespace isthmus::torture
