#include "common/subscriber/postgres_json.hpp"

#include <boost/json.hpp>
#include <string>
#include <utility>

namespace isthmus::subscriber {
namespace {

namespace json = boost::json;

std::int64_t milliseconds(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string text(const json::value& value) {
    return std::string(value.as_string());
}

std::vector<std::string> texts(const json::value& value) {
    std::vector<std::string> result;
    for (const json::value& element : value.as_array()) result.push_back(text(element));
    return result;
}

std::optional<UeClass> ue_class(const json::value& value) {
    if (value.is_null()) return std::nullopt;
    const std::string name = text(value);
    return name == "rel5" ? UeClass::rel5 : name == "rel6" ? UeClass::rel6 : UeClass::plain;
}

Binding binding_from(const json::object& from) {
    Binding binding;
    binding.contact = text(from.at("contact"));
    binding.contact_params = text(from.at("contact_params"));
    binding.path = texts(from.at("path"));
    binding.expires = std::chrono::system_clock::time_point(
        std::chrono::milliseconds(from.at("expires_ms").to_number<std::int64_t>()));
    binding.call_id = text(from.at("call_id"));
    binding.cseq = from.at("cseq").to_number<std::uint32_t>();
    binding.q = text(from.at("q"));
    binding.instance = text(from.at("instance"));
    binding.private_identity = text(from.at("private_identity"));
    binding.registered_identity = text(from.at("registered_identity"));
    binding.visited_network = text(from.at("visited_network"));
    binding.user_agent = text(from.at("user_agent"));
    binding.icid = text(from.at("icid"));
    binding.orig_ioi = text(from.at("orig_ioi"));
    return binding;
}

std::string_view kind(AssignmentType type) {
    switch (type) {
        case AssignmentType::registration:
        case AssignmentType::re_registration:
            return "register";
        case AssignmentType::authentication_failure:
        case AssignmentType::authentication_timeout:
            return "authentication_over";
        default:
            return "deregister";
    }
}

}  // namespace

json::value to_json(const Binding& binding) {
    return {
        {"contact", binding.contact},
        {"contact_params", binding.contact_params},
        {"path", json::array(binding.path.begin(), binding.path.end())},
        {"expires_ms", milliseconds(binding.expires)},
        {"call_id", binding.call_id},
        {"cseq", binding.cseq},
        {"q", binding.q},
        {"instance", binding.instance},
        {"private_identity", binding.private_identity},
        {"registered_identity", binding.registered_identity},
        {"visited_network", binding.visited_network},
        {"user_agent", binding.user_agent},
        {"icid", binding.icid},
        {"orig_ioi", binding.orig_ioi},
    };
}

json::object to_json(const ServerAssignment& query) {
    json::array store;
    for (const Binding& binding : query.store) store.push_back(to_json(binding));
    json::array remove;
    for (const BindingKey& key : query.remove) remove.push_back(json::array{key.private_identity, key.contact});
    const bool registering = kind(query.type) == "register";
    return {
        {"kind", kind(query.type)},
        {"public_identity", query.public_identity},
        {"private_identity", query.private_identity},
        {"server", query.server_name},
        {"generation", query.generation},
        {"want_profile", registering && !query.user_data_already_available},
        {"store", std::move(store)},
        {"remove", std::move(remove)},
    };
}

Profile profile_from_json(std::string_view from) {
    const json::value parsed = json::parse(from);
    const json::object& object = parsed.as_object();
    Profile profile;
    profile.set_id = object.at("set").to_number<std::int64_t>();
    profile.generation = object.at("generation").to_number<std::int64_t>();
    for (const json::value& identity : object.at("identities").as_array()) {
        profile.identities.push_back({text(identity.at(0)), identity.at(1).as_bool()});
    }
    for (const json::value& identity : object.at("private").as_array()) {
        profile.private_identities.push_back({text(identity.at(0)), ue_class(identity.at(1))});
    }
    profile.charging.collection = texts(object.at("ccf"));
    profile.charging.event = texts(object.at("ecf"));
    return profile;
}

std::vector<Binding> bindings_from_json(std::string_view from) {
    std::vector<Binding> bindings;
    const json::value parsed = json::parse(from);
    for (const json::value& binding : parsed.as_array()) bindings.push_back(binding_from(binding.as_object()));
    return bindings;
}

std::vector<std::uint32_t> numbers_from_json(std::string_view from) {
    std::vector<std::uint32_t> numbers;
    const json::value parsed = json::parse(from);
    for (const json::value& number : parsed.as_array()) numbers.push_back(number.to_number<std::uint32_t>());
    return numbers;
}

Result result_from_name(std::string_view name) {
    constexpr std::pair<std::string_view, Result> names[] = {
        {"success", Result::success},
        {"first_registration", Result::first_registration},
        {"subsequent_registration", Result::subsequent_registration},
        {"user_unknown", Result::user_unknown},
        {"identities_dont_match", Result::identities_dont_match},
        {"identity_not_registered", Result::identity_not_registered},
        {"roaming_not_allowed", Result::roaming_not_allowed},
        {"identity_already_registered", Result::identity_already_registered},
        {"auth_scheme_not_supported", Result::auth_scheme_not_supported},
        {"authorization_rejected", Result::authorization_rejected},
    };
    for (const auto& [known, result] : names) {
        if (known == name) return result;
    }
    return Result::unable_to_comply;
}

}  // namespace isthmus::subscriber
