#include "pcscf/access_binding.hpp"

#include <algorithm>

#include "common/sip/uri.hpp"

namespace isthmus::pcscf {
namespace {

template <class Table, class Key>
void drop(Table& table, const Key& key, std::uint64_t id) {
    const auto found = table.find(key);
    if (found == table.end()) return;
    std::erase(found->second.ids, id);
    if (found->second.ids.empty()) table.erase(found);
}

transport::Address without_port(transport::Address address) {
    address.port = 0;
    return address;
}

}  // namespace

void BindingTable::store(AccessBinding binding, Clock::time_point now) {
    const std::lock_guard lock(lock_);
    constexpr int taken_along = 4;
    for (int i = 0; i < taken_along && !by_expiry_.empty() && by_expiry_.begin()->first <= now; ++i)
        erase(by_expiry_.begin()->second);
    erase(binding.id);
    const auto id = binding.id;
    by_address_[binding.flow.address].ids.push_back(id);
    by_host_[without_port(binding.flow.address)].ids.push_back(id);
    by_private_identity_[binding.private_identity].ids.push_back(id);
    by_expiry_.emplace(binding.expires, id);
    bindings_[id] = std::make_shared<const AccessBinding>(std::move(binding));
}

void BindingTable::remove(std::uint64_t id) {
    const std::lock_guard lock(lock_);
    erase(id);
}

void BindingTable::keep_only(const std::string& private_identity, const std::vector<std::string>& contacts) {
    const std::lock_guard lock(lock_);
    const auto found = by_private_identity_.find(private_identity);
    if (found == by_private_identity_.end()) return;
    const auto ids = found->second.ids;
    for (const auto id : ids) {
        const auto known = sip::Uri::parse(bindings_.at(id)->contact);
        const bool kept = std::any_of(contacts.begin(), contacts.end(), [&](const std::string& contact) {
            const auto listed = sip::Uri::parse(contact);
            return known && listed && sip::equivalent(*known, *listed);
        });
        if (!kept) erase(id);
    }
}

void BindingTable::erase(std::uint64_t id) {
    const auto found = bindings_.find(id);
    if (found == bindings_.end()) return;
    const auto binding = found->second;
    drop(by_address_, binding->flow.address, id);
    drop(by_host_, without_port(binding->flow.address), id);
    drop(by_private_identity_, binding->private_identity, id);
    by_expiry_.erase({binding->expires, id});
    bindings_.erase(found);
}

Binding BindingTable::find(std::uint64_t id, Clock::time_point now) {
    const auto found = bindings_.find(id);
    if (found == bindings_.end() || found->second->expires <= now) return nullptr;
    return found->second;
}

Binding BindingTable::by_id(std::uint64_t id, Clock::time_point now) {
    const std::lock_guard lock(lock_);
    return find(id, now);
}

std::vector<Binding> BindingTable::by_flow(const transport::Peer& flow, Clock::time_point now) {
    const std::lock_guard lock(lock_);
    std::vector<Binding> all;
    const auto found = by_address_.find(flow.address);
    if (found == by_address_.end()) return all;
    for (const auto id : found->second.ids) {
        auto binding = find(id, now);
        if (binding && binding->flow.protocol == flow.protocol) all.push_back(std::move(binding));
    }
    return all;
}

std::vector<Binding> BindingTable::by_host(transport::Address address, Clock::time_point now) {
    const std::lock_guard lock(lock_);
    std::vector<Binding> all;
    const auto found = by_host_.find(without_port(address));
    if (found == by_host_.end()) return all;
    for (const auto id : found->second.ids)
        if (auto binding = find(id, now)) all.push_back(std::move(binding));
    return all;
}

Binding BindingTable::by_contact(const std::string& private_identity, const std::string& contact,
                                 Clock::time_point now) {
    const std::lock_guard lock(lock_);
    const auto found = by_private_identity_.find(private_identity);
    if (found == by_private_identity_.end()) return nullptr;
    for (const auto id : found->second.ids) {
        auto binding = find(id, now);
        if (binding && binding->contact == contact) return binding;
    }
    return nullptr;
}

std::size_t BindingTable::size() const {
    const std::lock_guard lock(lock_);
    return bindings_.size();
}

}  // namespace isthmus::pcscf
