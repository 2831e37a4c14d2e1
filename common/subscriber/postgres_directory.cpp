#include "common/subscriber/postgres_directory.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <pqxx/transaction>
#include <utility>
#include <variant>

#include "common/database/grouped_writer.hpp"
#include "common/subscriber/postgres_json.hpp"

namespace isthmus::subscriber {
namespace {

const std::vector<database::Statement>& statements() {
    static const std::vector<database::Statement> all{
        {"authorise",
         "SELECT result, server_name, to_json(mandatory), to_json(optional) "
         "FROM subscriber.authorise($1, $2, $3, $4, $5)"},
        {"locate",
         "SELECT result, server_name, to_json(mandatory), to_json(optional) FROM subscriber.locate($1, $2, $3)"},
        {"authentication",
         "SELECT result, realm, ha1, server_name, to_be_noted FROM subscriber.authentication($1, $2, $3, $4)"},
        {"await_authentication", "SELECT subscriber.await_authentication($1)"},
        {"assign",
         "SELECT position, result, server_name, profile, bindings FROM subscriber.assign($1) ORDER BY position"},
        {"read_user", "SELECT server_name, profile, bindings FROM subscriber.read_user($1)"},
        {"load_bindings", "SELECT set_id, profile, bindings FROM subscriber.load_bindings($1, $2, $3)"},
        {"servers",
         "SELECT name, to_json(capabilities), priority, weight FROM subscriber.server ORDER BY priority, name"},
        {"home_domains", "SELECT domain FROM subscriber.home_domain ORDER BY domain"},
    };
    return all;
}

std::string_view name(AuthorizationType type) {
    switch (type) {
        case AuthorizationType::registration:
            return "registration";
        case AuthorizationType::de_registration:
            return "de_registration";
        case AuthorizationType::registration_and_capabilities:
            return "registration_and_capabilities";
    }
    return "registration";
}

std::string_view name(AuthenticationScheme scheme) {
    switch (scheme) {
        case AuthenticationScheme::unknown:
            return "unknown";
        case AuthenticationScheme::sip_digest:
            return "sip_digest";
        case AuthenticationScheme::digest_aka_v1_md5:
            return "digest_aka_v1_md5";
    }
    return "unknown";
}

std::string text_or_empty(const pqxx::field& field) {
    return field.is_null() ? std::string() : field.c_str();
}

std::vector<std::uint32_t> numbers(const pqxx::field& field) {
    return field.is_null() ? std::vector<std::uint32_t>() : numbers_from_json(field.c_str());
}

ServerAnswer server_answer(const pqxx::row& row) {
    ServerAnswer answer;
    answer.result = result_from_name(row[0].c_str());
    answer.server_name = text_or_empty(row[1]);
    answer.capabilities = {numbers(row[2]), numbers(row[3])};
    return answer;
}

Result without_answer(const database::JobResult& result) {
    return result.outcome == database::Outcome::unreachable ? Result::unreachable : Result::unable_to_comply;
}

template <typename Answer>
Answer failed(const database::JobResult& result) {
    Answer answer;
    answer.result = without_answer(result);
    return answer;
}

/// Numbers the requests of a group, so that each finds its answer.
template <typename Item, typename ToJson>
std::string numbered(const std::vector<Item>& items, ToJson to_json_object) {
    boost::json::array all;
    for (std::size_t i = 0; i < items.size(); ++i) {
        boost::json::object object = to_json_object(items[i]);
        object["position"] = i;
        all.push_back(std::move(object));
    }
    return boost::json::serialize(all);
}

std::vector<AssignmentAnswer> write_assignments(pqxx::work& transaction, const std::vector<ServerAssignment>& items) {
    const std::string requests = numbered(items, [](const ServerAssignment& item) { return to_json(item); });
    std::vector<AssignmentAnswer> answers(items.size());
    const pqxx::result rows = transaction.exec_prepared("assign", requests);
    for (const auto& row : rows) {
        AssignmentAnswer& answer = answers.at(row[0].as<std::size_t>());
        answer.result = result_from_name(row[1].c_str());
        answer.server_name = text_or_empty(row[2]);
        if (row[3].is_null()) continue;
        answer.profile = profile_from_json(row[3].c_str());
        answer.bindings = bindings_from_json(row[4].c_str());
    }
    return answers;
}

/// Where the answer to a challenge is to come.
struct AwaitedAuthentication {
    std::string public_identity;
    std::string server;
};

std::vector<std::monostate> note_awaited(pqxx::work& transaction, const std::vector<AwaitedAuthentication>& items) {
    const std::string requests = numbered(items, [](const AwaitedAuthentication& item) {
        return boost::json::object{{"public_identity", item.public_identity}, {"server", item.server}};
    });
    transaction.exec_prepared("await_authentication", requests);
    return std::vector<std::monostate>(items.size());
}

}  // namespace

class PostgresDirectory::Impl {
  public:
    Impl(database::PoolOptions options, database::Pool::StateChange state_change)
        : pool(std::move(options), statements(), std::move(state_change)),
          assignments(pool, write_assignments),
          awaited(pool, note_awaited) {}

    ~Impl() { pool.close(); }

    /// `query` runs on a thread of the pool; what it returns is the answer unless the database failed it.
    template <typename Answer, typename Query>
    void read(Query query, std::function<void(Answer)> done) {
        const auto answer = std::make_shared<Answer>();
        pool.submit(
            [answer, query = std::move(query)](pqxx::connection& connection) {
                pqxx::nontransaction transaction(connection);
                *answer = query(transaction);
            },
            [answer, done = std::move(done)](const database::JobResult& result) {
                // A late job may still be writing its answer: touch it only when the job is over.
                done(result.outcome == database::Outcome::done ? std::move(*answer) : failed<Answer>(result));
            });
    }

    database::Pool pool;
    database::GroupedWriter<ServerAssignment, AssignmentAnswer> assignments;
    database::GroupedWriter<AwaitedAuthentication, std::monostate> awaited;
};

PostgresDirectory::PostgresDirectory(database::PoolOptions options, database::Pool::StateChange state_change)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(state_change))) {}

PostgresDirectory::~PostgresDirectory() = default;

bool PostgresDirectory::known_down() const {
    return impl_->pool.known_down();
}

void PostgresDirectory::authorise(UserAuthorization query, std::function<void(ServerAnswer)> done) {
    impl_->read<ServerAnswer>(
        [query = std::move(query)](pqxx::nontransaction& transaction) {
            return server_answer(transaction.exec_prepared1("authorise", query.public_identity, query.private_identity,
                                                            query.visited_network, std::string(name(query.type)),
                                                            query.emergency));
        },
        std::move(done));
}

void PostgresDirectory::locate(LocationQuery query, std::function<void(ServerAnswer)> done) {
    impl_->read<ServerAnswer>(
        [query = std::move(query)](pqxx::nontransaction& transaction) {
            return server_answer(transaction.exec_prepared1("locate", query.public_identity, query.originating,
                                                            query.with_capabilities));
        },
        std::move(done));
}

void PostgresDirectory::authenticate(AuthenticationQuery query, std::function<void(AuthenticationAnswer)> done) {
    struct Answer : AuthenticationAnswer {
        bool to_be_noted = false;
    };
    AwaitedAuthentication note{query.public_identity, query.server_name};
    impl_->read<Answer>(
        [query = std::move(query)](pqxx::nontransaction& transaction) {
            const pqxx::row row =
                transaction.exec_prepared1("authentication", query.public_identity, query.private_identity,
                                           std::string(name(query.scheme)), query.server_name);
            Answer answer;
            answer.result = result_from_name(row[0].c_str());
            answer.scheme = AuthenticationScheme::sip_digest;
            answer.digest = {text_or_empty(row[1]), text_or_empty(row[2])};
            answer.server_name = text_or_empty(row[3]);
            answer.to_be_noted = !row[4].is_null() && row[4].as<bool>();
            return answer;
        },
        [impl = impl_.get(), note = std::move(note), done = std::move(done)](Answer answer) {
            if (!answer.to_be_noted) return done(std::move(answer));
            impl->awaited.submit(note, [answer = std::move(answer), done](const database::JobResult& result,
                                                                          const std::optional<std::monostate>&) {
                done(result.outcome == database::Outcome::done ? static_cast<const AuthenticationAnswer&>(answer)
                                                               : failed<AuthenticationAnswer>(result));
            });
        });
}

void PostgresDirectory::assign(ServerAssignment query, std::function<void(AssignmentAnswer)> done) {
    impl_->assignments.submit(std::move(query), [done = std::move(done)](const database::JobResult& result,
                                                                         std::optional<AssignmentAnswer> answer) {
        done(answer ? std::move(*answer) : failed<AssignmentAnswer>(result));
    });
}

void PostgresDirectory::read_user(std::string public_identity, std::function<void(UserAnswer)> done) {
    impl_->read<UserAnswer>(
        [public_identity = std::move(public_identity)](pqxx::nontransaction& transaction) {
            UserAnswer answer;
            const pqxx::result rows = transaction.exec_prepared("read_user", public_identity);
            answer.result = rows.empty() ? Result::user_unknown : Result::success;
            if (rows.empty()) return answer;
            const pqxx::row row = rows.front();
            answer.user = {profile_from_json(row[1].c_str()), text_or_empty(row[0]),
                           bindings_from_json(row[2].c_str())};
            return answer;
        },
        std::move(done));
}

void PostgresDirectory::load_bindings(std::string server_name, std::optional<std::int64_t> after, std::size_t limit,
                                      std::function<void(UserPage)> done) {
    impl_->read<UserPage>(
        [server_name = std::move(server_name), after, limit](pqxx::nontransaction& transaction) {
            UserPage page;
            const pqxx::result rows =
                transaction.exec_prepared("load_bindings", server_name, after.value_or(0), static_cast<int>(limit));
            for (const auto& row : rows) {
                page.users.push_back(
                    {profile_from_json(row[1].c_str()), server_name, bindings_from_json(row[2].c_str())});
                page.next = row[0].as<std::int64_t>();
            }
            if (page.users.size() < limit) page.next.reset();
            page.result = Result::success;
            return page;
        },
        std::move(done));
}

void PostgresDirectory::read_network(std::function<void(NetworkAnswer)> done) {
    impl_->read<NetworkAnswer>(
        [](pqxx::nontransaction& transaction) {
            NetworkAnswer answer;
            const pqxx::result servers = transaction.exec_prepared("servers");
            for (const auto& row : servers) {
                answer.servers.push_back({row[0].c_str(), numbers(row[1]), row[2].as<int>(), row[3].as<int>()});
            }
            const pqxx::result domains = transaction.exec_prepared("home_domains");
            for (const auto& row : domains) answer.home_domains.emplace_back(row[0].c_str());
            answer.result = Result::success;
            return answer;
        },
        std::move(done));
}

}  // namespace isthmus::subscriber
