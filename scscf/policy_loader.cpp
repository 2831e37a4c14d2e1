#include "scscf/policy_loader.hpp"

#include <optional>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "common/database/schema_version.hpp"

namespace isthmus::scscf {
namespace {

/// Changes are a table over the big one; past so many they are made one again.
constexpr std::size_t most_pending = 500;

const std::string rule_columns =
    "r.id, r.pattern, r.access, r.mode, 'precondition' = ANY (r.required_caps), '100rel' = ANY (r.required_caps), "
    "'update' = ANY (r.required_caps), r.max_attempts, (extract(epoch FROM r.setup_budget) * 1000)::bigint, "
    "(extract(epoch FROM r.target_timeout) * 1000)::bigint, r.next_hop, r.pai_to_internet, r.note, "
    "'tls' = ANY (r.required_caps), r.retry_role, r.proxy_may_rewrite_sdp, r.redirect, "
    "coalesce(r.calls_per_second, 0), coalesce(r.calls_per_second_and_subscriber, 0), a.username, a.password";
const std::string rule_tables = "policy.domain_rule r LEFT JOIN policy.peer_auth a USING (pattern)";

// One statement each, so that version, rows and removals are of one moment.
const std::vector<database::Statement>& statements() {
    static const std::vector<database::Statement> all{
        {"policy_version", "SELECT version FROM policy.version"},
        {"policy_all",
         "SELECT v.version, " + rule_columns + " FROM policy.version v LEFT JOIN (" + rule_tables + ") ON true"},
        {"policy_changes", "SELECT v.version, " + rule_columns +
                               ", v.oldest_known, array_to_string(ARRAY(SELECT g.id FROM policy.removed_rule g WHERE "
                               "g.removed_version > $1), "
                               "' ') FROM policy.version v LEFT JOIN (" +
                               rule_tables + ") ON r.changed_version > $1"},
    };
    return all;
}

constexpr int oldest_known_column = 22;
constexpr int removed_column = 23;

policy::DomainRule rule_from(const pqxx::row& row) {
    policy::DomainRule rule;
    rule.id = row[1].as<std::int64_t>();
    rule.pattern = row[2].c_str();
    rule.access = std::string_view(row[3].c_str()) == "allow" ? policy::Access::allow : policy::Access::deny;
    const std::string_view mode = row[4].is_null() ? "" : row[4].c_str();
    rule.mode = mode == "STRICT" ? policy::Mode::strict : mode == "RETRY" ? policy::Mode::retry : policy::Mode::pass;
    policy::Parameters& parameters = rule.parameters;
    parameters.required.precondition = row[5].as<bool>();
    // Who uses preconditions has to support the other two (IW-CAP-04).
    parameters.required.reliable_provisional = row[6].as<bool>() || parameters.required.precondition;
    parameters.required.update = row[7].as<bool>() || parameters.required.precondition;
    parameters.max_attempts = row[8].as<int>();
    parameters.setup_budget = std::chrono::milliseconds(row[9].as<std::int64_t>());
    parameters.target_timeout = std::chrono::milliseconds(row[10].as<std::int64_t>());
    if (!row[11].is_null()) parameters.next_hop = row[11].c_str();
    parameters.asserted_identity =
        std::string_view(row[12].c_str()) == "keep" ? policy::AssertedIdentity::keep : policy::AssertedIdentity::strip;
    rule.note = row[13].c_str();
    parameters.required.tls = row[14].as<bool>();
    parameters.retry_role =
        std::string_view(row[15].c_str()) == "proxy" ? policy::RetryRole::proxy : policy::RetryRole::b2bua;
    parameters.proxy_may_rewrite_sdp = row[16].as<bool>();
    parameters.redirect =
        std::string_view(row[17].c_str()) == "recurse" ? policy::Redirect::recurse : policy::Redirect::pass;
    parameters.calls_per_second = row[18].as<std::uint32_t>();
    parameters.calls_per_second_and_subscriber = row[19].as<std::uint32_t>();
    if (!row[20].is_null()) parameters.peer_auth = {row[20].c_str(), row[21].c_str()};
    return rule;
}

/// An outer join without a row gives one of nulls.
std::vector<policy::DomainRule> rules_from(const pqxx::result& rows) {
    std::vector<policy::DomainRule> rules;
    rules.reserve(rows.size());
    for (const auto& row : rows) {
        if (!row[1].is_null()) rules.push_back(rule_from(row));
    }
    return rules;
}

std::vector<std::int64_t> numbers_from(const std::string& text) {
    std::vector<std::int64_t> numbers;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t used = 0;
        numbers.push_back(std::stoll(text.substr(at), &used));
        at += used + 1;
    }
    return numbers;
}

}  // namespace

PolicyStore::SnapshotPointer PolicyStore::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

bool PolicyStore::wait_until_loaded(std::chrono::milliseconds longest) const {
    std::unique_lock lock(mutex_);
    return loaded_.wait_for(lock, longest, [this] { return current_ != nullptr; });
}

PolicyStore::Status PolicyStore::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void PolicyStore::publish(policy::Snapshot snapshot, Clock::time_point now) {
    auto next = std::make_shared<const policy::Snapshot>(std::move(snapshot));
    {
        const std::lock_guard lock(mutex_);
        status_ = {next->version(), next->size(), true, now};
        current_.swap(next);  // the old one, if it is the last of its kind, dies outside the lock
    }
    loaded_.notify_all();
}

void PolicyStore::confirm(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    status_.connected = true;
    status_.confirmed = now;
}

void PolicyStore::lose() {
    const std::lock_guard lock(mutex_);
    status_.connected = false;
}

class PolicyLoader::Impl {
  public:
    Impl(database::ConnectionOptions connection, PolicyStore& store, std::function<void(const PolicyEvent&)> report,
         std::chrono::milliseconds heartbeat)
        : store_(store),
          report_(std::move(report)),
          listener_(options(std::move(connection), heartbeat), statements(),
                    {[this](pqxx::connection& c) { on_connected(c); },
                     [this](pqxx::connection& c, const std::string&) { read_changes(c); },
                     [this] { store_.confirm(PolicyStore::Clock::now()); },
                     [this](const std::string& reason) { on_lost(reason); }}) {}

  private:
    static database::Listener::Options options(database::ConnectionOptions connection,
                                               std::chrono::milliseconds heartbeat) {
        database::Listener::Options result;
        result.connection = std::move(connection);
        result.channel = "policy_changed";
        result.heartbeat = heartbeat;
        return result;
    }

    void tell(PolicyEvent::Kind kind, std::string text) const {
        const PolicyStore::Status status = store_.status();
        report_({kind, std::move(text), status.version, status.rows});
    }

    void on_connected(pqxx::connection& connection) {
        const std::string complaint = database::check_schema(connection);
        if (!complaint.empty()) throw std::runtime_error(complaint);
        const auto current = store_.current();
        std::int64_t version = -1;
        if (current) {
            pqxx::nontransaction query(connection);
            version = query.exec_prepared1("policy_version")[0].as<std::int64_t>();
        }
        if (current && version == current->version()) {
            store_.confirm(PolicyStore::Clock::now());
            tell(PolicyEvent::Kind::regained, {});
        } else {
            read_all(connection);
        }
        waiting_for_.reset();
        lost_ = false;
    }

    void read_all(pqxx::connection& connection) {
        pqxx::nontransaction query(connection);
        const pqxx::result rows = query.exec_prepared("policy_all");
        publish({rows.at(0)[0].as<std::int64_t>(), rules_from(rows)}, PolicyEvent::Kind::loaded);
    }

    void read_changes(pqxx::connection& connection) {
        const auto current = store_.current();
        std::optional<pqxx::result> rows;
        {
            pqxx::nontransaction query(connection);
            rows = query.exec_prepared("policy_changes", current->version());
        }
        const pqxx::row first = rows->at(0);
        const auto version = first[0].as<std::int64_t>();
        if (version == current->version()) return;
        // Behind what the list of removals reaches back to, or ahead of a database that was restored from a copy.
        if (current->version() < first[oldest_known_column].as<std::int64_t>() || version < current->version()) {
            return read_all(connection);
        }
        const std::vector<std::int64_t> removed = numbers_from(first[removed_column].c_str());
        publish(current->changed(version, rules_from(*rows), removed), PolicyEvent::Kind::changed);
        // After the change is in force, so that it does not wait for this.
        if (const auto now = store_.current(); now->pending() > most_pending) {
            store_.publish(now->merged(), PolicyStore::Clock::now());
        }
    }

    void publish(policy::Snapshot snapshot, PolicyEvent::Kind kind) {
        const std::vector<std::string> rejected = snapshot.rejected();
        store_.publish(std::move(snapshot), PolicyStore::Clock::now());
        tell(kind, {});
        for (const std::string& pattern : rejected) tell(PolicyEvent::Kind::rejected, pattern);
    }

    void on_lost(const std::string& reason) {
        store_.lose();
        if (store_.current()) {
            if (!std::exchange(lost_, true)) tell(PolicyEvent::Kind::lost, reason);
        } else if (waiting_for_ != reason) {  // said once for each reason, not at each attempt
            waiting_for_ = reason;
            tell(PolicyEvent::Kind::waiting, reason);
        }
    }

    PolicyStore& store_;
    const std::function<void(const PolicyEvent&)> report_;
    std::optional<std::string> waiting_for_;
    bool lost_ = false;
    database::Listener listener_;  // last: its thread uses the others
};

PolicyLoader::PolicyLoader(database::ConnectionOptions connection, PolicyStore& store,
                           std::function<void(const PolicyEvent&)> report, std::chrono::milliseconds heartbeat)
    : impl_(std::make_unique<Impl>(std::move(connection), store, std::move(report), heartbeat)) {}

PolicyLoader::~PolicyLoader() = default;

}  // namespace isthmus::scscf
