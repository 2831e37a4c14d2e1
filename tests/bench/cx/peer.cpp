#include "tests/bench/cx/peer.hpp"

#include <cstdio>
#include <ctime>
#include <memory>
#include <stdexcept>

namespace isthmus::bench {
namespace {

constexpr std::uint32_t tgpp = 10415;
constexpr std::uint32_t cx_application = 16777216;

void must(int error, const char* what) {
    if (error != 0)
        throw std::runtime_error(std::string("freeDiameter: ") + what + " failed, " + std::to_string(error));
}

/// Where an AVP goes: into a message or into a grouped AVP.
void add(msg_or_avp* to, avp* child) {
    must(fd_msg_avp_add(to, MSG_BRW_LAST_CHILD, child), "adding an AVP");
}
avp* make(dict_object* model) {
    avp* made = nullptr;
    must(fd_msg_avp_new(model, 0, &made), "making an AVP");
    return made;
}
void add(msg_or_avp* to, dict_object* model, const std::string& text) {
    avp* made = make(model);
    avp_value value{};
    value.os.data = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // copied by setvalue
    value.os.len = text.size();
    must(fd_msg_avp_setvalue(made, &value), "setting an AVP");
    add(to, made);
}
void add(msg_or_avp* to, dict_object* model, std::uint32_t number) {
    avp* made = make(model);
    avp_value value{};
    value.u32 = number;
    must(fd_msg_avp_setvalue(made, &value), "setting an AVP");
    add(to, made);
}

struct Pending {
    CxPeer* peer;
    Command command;
    Done done;
};

}  // namespace

CxPeer::CxPeer(const std::string& file, std::string realm, std::string server_name)
    : realm_(std::move(realm)), server_name_(std::move(server_name)) {
    fd_g_debug_lvl = FD_LOG_FATAL;  // it writes thirty lines for a request it cannot route
    must(fd_core_initialize(), "fd_core_initialize");
    must(fd_core_parseconf(file.c_str()), "fd_core_parseconf");
    dictionary_ = fd_g_config->cnf_dict;
    find_names();
    register_commands();
    must(fd_core_start(), "fd_core_start");
    must(fd_core_waitstartcomplete(), "fd_core_waitstartcomplete");
}

CxPeer::~CxPeer() {
    fd_core_shutdown();
    fd_core_wait_shutdown_complete();
}

dict_object* CxPeer::find(std::uint32_t vendor, std::uint32_t code) const {
    dict_object* found = nullptr;
    dict_avp_request request{};
    request.avp_vendor = vendor;
    request.avp_code = code;
    if (vendor == 0)
        must(fd_dict_search(dictionary_, DICT_AVP, AVP_BY_CODE, &code, &found, ENOENT), "finding an AVP");
    else if (fd_dict_search(dictionary_, DICT_AVP, AVP_BY_CODE_AND_VENDOR, &request, &found, ENOENT) != 0)
        throw std::runtime_error("freeDiameter: no AVP " + std::to_string(code) + " in the dictionary");
    return found;
}

void CxPeer::find_names() {
    names_ = {find(0, 277),    find(0, 283),    find(0, 1),      find(0, 268),    find(0, 297),
              find(0, 298),    find(0, 260),    find(0, 266),    find(0, 258),    find(tgpp, 600),
              find(tgpp, 601), find(tgpp, 602), find(tgpp, 607), find(tgpp, 612), find(tgpp, 608),
              find(tgpp, 614), find(tgpp, 624), find(tgpp, 606), find(tgpp, 603)};
}

void CxPeer::register_commands() {
    dict_object *vendor = nullptr, *application = nullptr;
    vendor_id_t id = tgpp;
    must(fd_dict_search(dictionary_, DICT_VENDOR, VENDOR_BY_ID, &id, &vendor, ENOENT), "finding vendor 3GPP");
    char name[] = "Cx";
    dict_application_data data{cx_application, name};
    must(fd_dict_new(dictionary_, DICT_APPLICATION, &data, vendor, &application), "registering Cx");
    // RFC 4740 has the plain names in the same dictionary, under other codes.
    static char requests[][40] = {"Cx-User-Authorization-Request", "Cx-Multimedia-Auth-Request",
                                  "Cx-Server-Assignment-Request"};
    static char answers[][40] = {"Cx-User-Authorization-Answer", "Cx-Multimedia-Auth-Answer",
                                 "Cx-Server-Assignment-Answer"};
    constexpr command_code_t codes[] = {300, 303, 301};
    for (std::size_t i = 0; i < 3; ++i) {
        constexpr std::uint8_t mask = CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE;
        dict_cmd_data request{codes[i], requests[i], mask, mask};
        dict_cmd_data answer{codes[i], answers[i], mask, CMD_FLAG_PROXIABLE};
        must(fd_dict_new(dictionary_, DICT_COMMAND, &request, application, &commands_[i]), "registering a request");
        must(fd_dict_new(dictionary_, DICT_COMMAND, &answer, application, nullptr), "registering an answer");
    }
    must(fd_disp_app_support(application, vendor, 1, 0), "announcing Cx");
}

bool CxPeer::open(const std::string& peer) const {
    peer_hdr* found = nullptr;
    auto identity = peer;
    return fd_peer_getbyid(identity.data(), identity.size(), 0, &found) == 0 && found != nullptr &&
           fd_peer_get_state(found) == STATE_OPEN;
}

void CxPeer::add_common(msg* message) const {
    must(fd_msg_new_session(message, nullptr, 0), "making a Session-Id");
    avp* application = make(names_.vendor_app);
    add(application, names_.vendor, tgpp);
    add(application, names_.auth_app, cx_application);
    add(message, application);
    add(message, names_.session_state, 1U);
    must(fd_msg_add_origin(message, 0), "adding the origin");
    add(message, names_.realm, realm_);
}

void CxPeer::add_specific(msg* message, Command command, std::uint32_t user) const {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%06u", user);
    add(message, names_.user_name, std::string("ims") + digits + "@" + realm_);
    add(message, names_.identity, std::string("sip:user") + digits + "@" + realm_);
    switch (command) {
        case Command::uar:
            add(message, names_.visited, realm_);
            break;
        case Command::mar: {
            avp* item = make(names_.auth_item);
            add(item, names_.scheme, std::string("SIP Digest"));
            add(message, item);
            add(message, names_.auth_items, 1U);
            add(message, names_.server, server_name_);
            break;
        }
        case Command::sar:
            add(message, names_.server, server_name_);
            add(message, names_.assignment, 1U);  // REGISTRATION
            add(message, names_.available, 0U);
            break;
    }
}

void CxPeer::send(Command command, std::uint32_t user, std::uint32_t timeout_ms, Done done) {
    msg* message = nullptr;
    must(fd_msg_new(commands_[static_cast<std::size_t>(command)], MSGFL_ALLOC_ETEID, &message), "making a request");
    add_common(message);
    add_specific(message, command, user);
    timespec until{};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += static_cast<long>(timeout_ms % 1000) * 1'000'000;
    if (until.tv_nsec >= 1'000'000'000) {
        until.tv_nsec -= 1'000'000'000;
        ++until.tv_sec;
    }
    auto pending = std::make_unique<Pending>(Pending{this, command, std::move(done)});
    if (fd_msg_send_timeout(&message, &CxPeer::on_answer, pending.get(), &CxPeer::on_expiry, &until) == 0) {
        pending.release();  // now the callbacks'
        return;
    }
    fd_msg_free(message);
    CxAnswer none;
    none.kind = CxAnswer::Kind::not_sent;
    pending->done(none);
}

CxAnswer CxPeer::read(msg* message, Command command) const {
    CxAnswer answer;
    msg_hdr* header = nullptr;
    if (fd_msg_hdr(message, &header) == 0) answer.error = (header->msg_flags & CMD_FLAG_ERROR) != 0;
    const auto value_of = [message](dict_object* model) -> avp_hdr* {
        avp* found = nullptr;
        avp_hdr* data = nullptr;
        if (fd_msg_search_avp(message, model, &found) != 0 || found == nullptr) return nullptr;
        return fd_msg_avp_hdr(found, &data) == 0 ? data : nullptr;
    };
    if (const auto* result = value_of(names_.result); result != nullptr && result->avp_value != nullptr) {
        answer.result = result->avp_value->u32;
    } else {
        avp* group = nullptr;
        msg_or_avp* child = nullptr;
        if (fd_msg_search_avp(message, names_.experimental, &group) == 0 && group != nullptr)
            fd_msg_browse_internal(group, MSG_BRW_FIRST_CHILD, &child, nullptr);
        for (; child != nullptr; fd_msg_browse_internal(child, MSG_BRW_NEXT, &child, nullptr)) {
            avp_hdr* data = nullptr;
            if (fd_msg_avp_hdr(static_cast<avp*>(child), &data) == 0 && data->avp_code == 298 &&
                data->avp_value != nullptr)
                answer.result = data->avp_value->u32;
        }
    }
    dict_object* const wanted[] = {names_.capabilities, names_.auth_item, names_.user_data};
    const auto* payload = value_of(wanted[static_cast<std::size_t>(command)]);
    if (payload == nullptr && command == Command::uar) payload = value_of(names_.server);
    if (payload != nullptr) answer.payload = payload->avp_len;
    return answer;
}

void CxPeer::on_answer(void* data, msg** message) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
    const auto answer = pending->peer->read(*message, pending->command);
    fd_msg_free(*message);
    *message = nullptr;
    pending->done(answer);
}

void CxPeer::on_expiry(void* data, DiamId_t, std::size_t, msg** message) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
    fd_msg_free(*message);
    *message = nullptr;
    CxAnswer none;
    none.kind = CxAnswer::Kind::expired;
    pending->done(none);
}

}  // namespace isthmus::bench
