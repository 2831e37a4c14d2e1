// Two I-CSCFs and two more S-CSCFs beside the ones of CoreNetwork, and S-CSCFs that die and come back.
#pragma once

#include "scscf/user_reader.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {

class RestorationNetwork : public CoreNetwork {
  protected:
    RestorationNetwork() {
        directory.servers.front().priority = 0;
        list("sip:127.0.1.31:5060", 1);
        list("sip:127.0.1.32:5060", 2);
        at_second_icscf.trusted = core_addresses();
        at_second_icscf.directory = &directory;
        at_second_icscf.network.replace(directory.servers);
        second_icscf.start([this](runtime::Core& core) { return icscf::make_role(core, at_second_icscf); });
        prepare(second, "sip:127.0.1.31:5060");
        prepare(third, "sip:127.0.1.32:5060");
        second_scscf.start([this](runtime::Core& core) { return scscf::make_role(core, second); });
        third_scscf.start([this](runtime::Core& core) { return scscf::make_role(core, third); });
        for (auto* one : {&shared, &second, &third})
            one->report = [this](const scscf::RestorationEvent& event) { events.push_back(event); };
        directory.on_taken_over = [this](std::int64_t set, const std::string& from, const std::string&) {
            const auto generation = user_of_set(set).profile.generation;
            for (auto [held, node] : {std::pair{&shared, &scscf}, {&second, &second_scscf}, {&third, &third_scscf}})
                if (held->settings.registrar.server_name == from) tell(*held, *node, set, generation);
        };
    }

    void list(const std::string& name, int priority) {
        directory.servers.push_back({name, {}, priority, 1});
        at_icscf.network.replace(directory.servers);
    }
    void prepare(scscf::Shared& one, const std::string& name) {
        one.settings = shared.settings;
        one.settings.registrar.server_name = name;
        one.directory = &directory;
        one.policy = &policy;
        one.metrics = &metrics;
    }
    static void tell(scscf::Shared& held, NodeHost& node, std::int64_t set, std::int64_t generation) {
        scscf::drop_set(held, node.core(0), set, generation, [&node](std::size_t worker, std::function<void()> task) {
            node.core(worker).outside().post(worker, std::move(task));
        });
    }
    FakeDirectory::User& user_of_set(std::int64_t set) { return directory.users.at(static_cast<std::size_t>(set - 1)); }
    FakeDirectory::User& user(const std::string& name) {
        for (auto& one : directory.users)
            if (one.profile.identities.front().uri == "sip:" + name + "@home1.net") return one;
        throw std::runtime_error("no such user");
    }
    static bool holds(const scscf::Shared& one, const std::string& name) {
        return one.registrations.find("sip:" + name + "@home1.net") != nullptr;
    }

    // --- death and return ---

    void kill_scscf() { net.silence("127.0.1.30:5060", true); }
    /// As after a break of the network: with everything it held.
    void scscf_is_back() { net.silence("127.0.1.30:5060", false); }

    [[nodiscard]] static std::string invite(const Phone& from, const std::string& user, const std::string& route,
                                            const std::string& to, const std::string& call_id) {
        return "INVITE " + to + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route + "From: <sip:" + user +
               "@home1.net>;tag=a1\nTo: <" + to + ">\nCall-ID: " + call_id + "\nCSeq: 1 INVITE\nContact: <sip:" + user +
               "@" + from.address().text() + ">\n";
    }
    /// A call that is set up and ended; `ms` pass before the callee hears of it.
    void call(const std::string& call_id, Phone& caller, const std::string& user, const std::string& route,
              Phone& callee, const std::string& to, std::uint64_t ms) {
        caller.send(pcscf, invite(caller, user, route, to, call_id));
        if (ms > 0) net.advance(ms);
        const auto received = callee.expect("INVITE");
        callee.answer(received, 200, "OK", "b-" + call_id, "Contact: <sip:x@" + callee.address().text() + ">");
        const auto ok = caller.expect("SIP/2.0 200");
        caller.send(pcscf, in_dialog("ACK", 1, ok));
        callee.expect("ACK");
        caller.send(pcscf, in_dialog("BYE", 2, ok));
        callee.answer(callee.expect("BYE"), 200, "OK", "b-" + call_id);
        EXPECT_EQ(caller.expect("SIP/2.0 200").cseq_method(), "BYE");
    }
    /// A request of the caller in the dialog that `ok` made.
    [[nodiscard]] static std::string in_dialog(const std::string& method, int cseq, const sip::Message& ok) {
        std::string text =
            method + " " + std::string(sip::NameAddr::parse(ok.value(sip::HeaderId::contact))->uri.print());
        text += " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n";
        const auto routes = ok.values(sip::HeaderId::record_route);
        for (auto one = routes.rbegin(); one != routes.rend(); ++one) text += "Route: " + std::string(*one) + "\n";
        text += "From: " + std::string(ok.value(sip::HeaderId::from)) +
                "\nTo: " + std::string(ok.value(sip::HeaderId::to)) + "\nCall-ID: " + std::string(ok.call_id()) +
                "\nCSeq: " + std::to_string(cseq) + " " + method + "\n";
        return text;
    }

    scscf::Shared second;
    scscf::Shared third;
    icscf::Shared at_second_icscf{1000};
    NodeHost second_icscf{net, "icscf2", "127.0.1.21:5060", GetParam()};
    NodeHost second_scscf{net, "scscf2", "127.0.1.31:5060", GetParam()};
    NodeHost third_scscf{net, "scscf3", "127.0.1.32:5060", GetParam()};
    /// Somebody of the core's network who calls by the I-CSCF.
    Phone neighbour{net, "neighbour", "127.0.1.90:5060"};
    std::vector<scscf::RestorationEvent> events;
};

}  // namespace isthmus::flow
